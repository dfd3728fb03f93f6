"""Benchmark of the availability calendar: months of many pairs of places, over a million schedules."""

import random
import time
from dataclasses import dataclass
from datetime import timedelta
from statistics import mean, median, quantiles

import msgspec
from flask.testing import FlaskClient

from benchmarks import dataset, network
from benchmarks.environment import Databases
from benchmarks.paired_rounds import RunFailed
from benchmarks.report import Goal, Report
from config import Settings
from falconbus.app import create_app
from falconbus.platform.database.engine import db
from tests.counting import statements

MONTHS = 300
MAX_MS = 20
MAX_STATEMENTS = 2


@dataclass(frozen=True)
class _Month:
    """How an answer came about, and how many departures it counts."""

    milliseconds: float
    statements: int
    departures: int


def run(databases: Databases) -> Report:
    """Time months asked of the app in process, none of them twice; all our middleware is on, no answer is kept."""
    size = network.LARGE
    name = f"scale_{size.schedules}"
    dataset.ensure(databases, name, size)
    settings = databases.settings(name) | {"RATELIMIT_ENABLED": "false", "LOG_LEVEL": "ERROR"}
    app = create_app(Settings.from_environment(settings))
    month = f"{databases.today() + timedelta(days=1):%Y-%m}"
    pairs = sorted({(pair.origin_city, pair.destination_city) for pair in network.stop_pairs(size)})
    with app.app_context():
        months = [_ask(app.test_client(), *pair, month) for pair in random.Random(2).sample(pairs, MONTHS)]
        db.engine.dispose()
    milliseconds = [asked.milliseconds for asked in months]
    most = max(asked.statements for asked in months)
    row = {
        "months": MONTHS,
        "departures a month": round(mean(asked.departures for asked in months), 1),
        "median ms": round(median(milliseconds), 1),
        "p95 ms": round(quantiles(milliseconds, n=20)[-1], 1),
        "statements": most,
    }
    goals = [
        Goal("a month, median, ms", median(milliseconds), MAX_MS, at_most=True),
        Goal("statements", most, MAX_STATEMENTS, at_most=True),
    ]
    return Report("calendar", rows=[row], goals=goals, notes=[f"{size.schedules:,} schedules"])


def _ask(client: FlaskClient, origin: str, destination: str, month: str) -> _Month:
    """Ask for the month of a pair of cities; RunFailed when it is not answered anew."""
    place = {"origin": origin, "destination": destination, "month": month}
    with statements() as sent:
        began = time.perf_counter()
        answer = client.get("/api/v1/availability", query_string=place)
        milliseconds = (time.perf_counter() - began) * 1000
    if answer.status_code != 200 or answer.headers["X-Cache"] != "MISS":
        raise RunFailed(f"{answer.status_code}: {answer.text[:300]}")
    body = msgspec.json.decode(answer.data)
    return _Month(milliseconds, len(sent), sum(day["departures"] or 0 for day in body["results"]))
