"""Benchmark of the availability calendar: months of many pairs of places, over a million schedules."""

import random
import time
from datetime import timedelta
from statistics import median, quantiles

from sqlalchemy import event

from benchmarks import dataset, network
from benchmarks.environment import Databases
from benchmarks.paired_rounds import RunFailed
from benchmarks.report import Goal, Report
from config import Settings
from falconbus.app import create_app
from falconbus.platform.database.engine import db

MONTHS = 300
MAX_MS = 20
MAX_STATEMENTS = 2


def run(databases: Databases) -> Report:
    """Time months asked of the app in process, none of them twice; all our middleware is on, and no answer is kept."""
    size = network.LARGE
    name = f"scale_{size.schedules}"
    dataset.ensure(databases, name, size)
    settings = databases.settings(name) | {"RATELIMIT_ENABLED": "false", "LOG_LEVEL": "ERROR"}
    app = create_app(Settings.from_environment(settings))
    day = databases.today() + timedelta(days=1)
    sent: list[str] = []
    milliseconds, most, departures = [], 0, 0
    with app.app_context():
        client = app.test_client()
        event.listen(db.engine, "before_cursor_execute", lambda *arguments: sent.append(arguments[2]))
        for pair in random.Random(2).sample(network.stop_pairs(size), MONTHS):
            place = {"origin": pair.origin_city, "destination": pair.destination_city, "month": f"{day:%Y-%m}"}
            sent.clear()
            began = time.perf_counter()
            answer = client.get("/api/v1/availability", query_string=place)
            milliseconds.append((time.perf_counter() - began) * 1000)
            if answer.status_code != 200 or answer.headers["X-Cache"] != "MISS":
                raise RunFailed(f"{answer.status_code}: {answer.text[:300]}")
            most = max(most, len(sent))
            departures += sum(found["departures"] or 0 for found in answer.json["results"])
        db.engine.dispose()
    return Report(
        "calendar",
        rows=[
            {
                "months": MONTHS,
                "departures a month": round(departures / MONTHS, 1),
                "median ms": round(median(milliseconds), 1),
                "p95 ms": round(quantiles(milliseconds, n=20)[-1], 1),
                "statements": most,
            }
        ],
        goals=[
            Goal("a month, median, ms", median(milliseconds), MAX_MS, at_most=True),
            Goal("statements", most, MAX_STATEMENTS, at_most=True),
        ],
        notes=[f"{size.schedules:,} schedules"],
    )
