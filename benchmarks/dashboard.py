"""Benchmark of the dashboard (JSON and page) over a month of 100 endpoints, with much and with little traffic."""

import time
from statistics import median
from typing import Any

from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import event

from benchmarks import telemetry_rows
from benchmarks.environment import Databases
from benchmarks.paired_rounds import RunFailed
from benchmarks.report import Goal, Report
from config import Settings
from falconbus.accounts import service as accounts
from falconbus.accounts.models import Role
from falconbus.app import create_app
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.platform.telemetry import store

REQUESTS = 10_000_000
FEW_REQUESTS = REQUESTS // 100
CALLS = 20
MAX_MS = 100
MAX_STATEMENTS = 10
_PERIODS = ("30d", "7d", "24h", "1h")
_JSON, _PAGE = "/api/v1/performance/dashboard", "/performance"
_PASSWORD = "a password of benchmarks"  # noqa: S105

Row = dict[str, Any]


def run(databases: Databases) -> Report:
    """Time requests to the app in process; the authentication's statement is counted as well."""
    many = _measure(databases, "dashboard", REQUESTS)
    few = _measure(databases, "dashboard_few", FEW_REQUESTS)
    months = [row for row in many if row["period"] == "30d"]
    return Report(
        "dashboard",
        rows=many + few,
        goals=[
            *(
                Goal(f"{row['what']}, 30 days, 10 million requests, ms", row["median ms"], MAX_MS, at_most=True)
                for row in months
            ),
            Goal("statements", max(row["statements"] for row in many + few), MAX_STATEMENTS, at_most=True),
            Goal(
                "statements, more for much traffic",
                max(much["statements"] - little["statements"] for much, little in zip(many, few, strict=True)),
                0,
                at_most=True,
            ),
        ],
        notes=["CPU is this process's alone; the rest of the time is PostgreSQL's and the machine's other work."],
    )


def _measure(databases: Databases, name: str, requests: int) -> list[Row]:
    url = databases.create(name)
    databases.migrate(name)
    written = telemetry_rows.fill(url, requests, clock.now())
    settings = databases.settings(name) | {"RATELIMIT_ENABLED": "false", "LOG_LEVEL": "ERROR"}
    app = create_app(Settings.from_environment(settings))
    _forget_other_runs(app.extensions["cache_redis"])
    with app.app_context():
        accounts.create_user("admin@example.com", _PASSWORD, [Role.ADMIN], "Admin")
        db.session.commit()
        token = accounts.sign_in("admin@example.com", _PASSWORD).token
        db.session.commit()
        db.session.remove()
        client = app.test_client()
        headers = {"Authorization": f"Bearer {token}"}
        _check(client.get(f"{_JSON}?last=30d", headers=headers).json)
        rows = [_time_requests(client, headers, path, last) for path in (_JSON, _PAGE) for last in _PERIODS]
        db.engine.dispose()
    databases.drop(name)
    return [{"requests in 30 days": f"{requests:,}", "rows": f"{written:,}", **row} for row in rows]


def _forget_other_runs(redis: Redis) -> None:
    """Delete the newest minutes, which are in the one Redis of all benchmarks."""
    for minute in store.minutes(redis):
        store.forget(redis, minute)


def _time_requests(client: FlaskClient, headers: dict[str, str], path: str, last: str) -> Row:
    sent: list[str] = []

    def record_statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    wall, cpu, size = [], [], 0
    _get(client, headers, path, last)
    event.listen(db.engine, "before_cursor_execute", record_statement)
    for _ in range(CALLS):
        sent.clear()
        began, worked = time.perf_counter(), time.process_time()
        size = _get(client, headers, path, last)
        wall.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - worked) * 1000)
    event.remove(db.engine, "before_cursor_execute", record_statement)
    return {
        "what": "page" if path == _PAGE else "JSON",
        "period": last,
        "median ms": round(median(wall), 1),
        "fastest ms": round(min(wall), 1),
        "CPU ms": round(median(cpu), 1),
        "statements": len(sent),
        "kB": size // 1000,
    }


def _get(client: FlaskClient, headers: dict[str, str], path: str, last: str) -> int:
    answer = client.get(path, query_string={"last": last}, headers=headers)
    if answer.status_code != 200:
        raise RunFailed(f"{answer.status_code}: {answer.text[:300]}")
    return len(answer.data)


def _check(answer: Any) -> None:
    """Check that the dashboard shows all endpoints and statements that were inserted; RunFailed."""
    if answer is None or len(answer["endpoints"]) != telemetry_rows.ENDPOINTS or len(answer["statements"]) < 25:
        raise RunFailed("the dashboard does not show what was filled in")
