"""A view over its query budget: told to the tests with its SQL, counted live; what an answer and the log tell of it."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import text

from config import Settings
from falconbus.accounts.models import Role
from falconbus.app import FalconBus, create_app
from falconbus.platform.database.engine import db
from falconbus.platform.telemetry import minute_counts, store
from falconbus.platform.web.declarations import PAGE, PUBLIC
from falconbus.platform.web.operations import operation
from tests.accounts.signing import signed_in
from tests.budgets import BrokenBudgets
from tests.conftest import Caller

Planted = Callable[..., FalconBus]
Lines = Callable[[], list[dict[str, Any]]]
RULE = "GET /planted/<id:times>"


def ask(times: int) -> str:
    """Asks the database so often; its budget is two."""
    for number in range(times):
        db.session.execute(
            text("SELECT CAST(:secret AS text), 'planted'"), {"secret": f"of nobody's business {number}"}
        )
    return "asked"


@pytest.fixture
def planted(app: FalconBus, environment: dict[str, str]) -> Iterator[Planted]:
    """Makes apps of their own on the same servers, with other settings as asked, and a view that may send too much."""
    made: list[FalconBus] = []
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def make(**changes: str) -> FalconBus:
        other = create_app(Settings.from_environment({**environment, **changes}))
        operation(other.get("/planted/<id:times>"), who=PUBLIC, gives={200: PAGE}, budget=2)(ask)
        other.testing = True
        other.test_client_class = Caller
        made.append(other)
        return other

    yield make
    root.handlers[:] = handlers
    root.setLevel(level)
    for other in made:
        with other.app_context():
            db.engine.dispose()


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """The log lines written since."""
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def counters(app: FalconBus, redis: Redis) -> dict[str, int]:
    """What Redis has of the planted view's requests."""
    flusher = app.request_log.recorder.flusher
    flusher.flush()
    (seen,) = [minute for _, process, minute in store.read(redis) if process == flusher.process]
    return seen.series[minute_counts.ENDPOINT, RULE].counters


def test_a_view_over_its_budget_fails_its_test_with_the_statements(planted: Planted) -> None:
    app, budgets = planted(), BrokenBudgets()
    app.request_log.recorder.complaints.append(budgets.note)
    client = app.test_client()
    for within in (0, 1, 2):
        assert client.get(f"/planted/{within}").text == "asked"
    budgets.check()
    client.get("/planted/3")
    with pytest.raises(pytest.fail.Exception) as failure:
        budgets.check()
    told = str(failure.value).splitlines()
    assert told[0] == f"{RULE}: 3 statements, its budget is 2"
    assert [line.split(". ")[0].strip() for line in told[1:]] == ["1", "2", "3"]
    assert all("SELECT CAST(" in line and "nobody" not in line for line in told[1:])
    budgets.check()


def test_knowing_the_caller_is_not_on_the_views_account(planted: Planted, database: SQLAlchemy) -> None:
    app = planted()
    told: list[tuple[str, int, list[str]]] = []
    app.request_log.recorder.complaints.append(lambda *complaint: told.append(complaint))
    answer = app.test_client().get("/api/v1/me", headers=signed_in(Role.DRIVER))
    assert answer.status_code == 200
    assert '"2 statements"' in answer.headers["Server-Timing"], "who is calling, and the view's one"
    assert told == []


def test_requests_over_budget_are_counted(planted: Planted, redis: Redis) -> None:
    app = planted()
    client = app.test_client()
    client.get("/planted/2")
    within = counters(app, redis)
    assert (within["2xx"], within["queries"], "over_budget" in within) == (1, 2, False)
    client.get("/planted/5")
    client.get("/planted/1")
    over = counters(app, redis)
    assert (over["2xx"], over["queries"], over["over_budget"]) == (3, 8, 1)


def test_the_log_shows_the_sql_of_a_request_without_values(planted: Planted, lines: Lines) -> None:
    client = planted(LOG_LEVEL="DEBUG").test_client()
    client.get("/planted/3?whose=nobody")
    (line,) = [line for line in lines() if line["message"] == "GET /planted/3 200"]
    assert (line["level"], line["rule"], line["status"]) == ("INFO", "/planted/<id:times>", 200)
    assert len(line["sql"]) == 3
    for statement in line["sql"]:
        milliseconds, sql = statement.split(" ms  ")
        assert float(milliseconds) >= 0
        assert sql.startswith("SELECT CAST($1")
        assert "nobody" not in sql
        assert "planted" not in sql


def test_at_other_levels_the_log_shows_no_sql(planted: Planted, lines: Lines) -> None:
    planted(LOG_LEVEL="INFO").test_client().get("/planted/1")
    (line,) = [line for line in lines() if line["message"] == "GET /planted/1 200"]
    assert "sql" not in line


def test_in_development_each_answer_says_where_its_time_went(planted: Planted) -> None:
    client = planted(EMBEDDED="1").test_client()
    timing = client.get("/planted/3").headers["Server-Timing"]
    parts = {part.split(";")[0].strip(): part for part in timing.split(",")}
    assert list(parts) == ["db", "cache", "render", "total"]
    assert parts["db"].endswith('desc="3 statements"')
    milliseconds = {name: float(part.split("dur=")[1].split(";")[0]) for name, part in parts.items()}
    assert 0 < milliseconds["db"] <= milliseconds["total"]
    assert "Server-Timing" in client.get("/api/v1/nothing").headers


def test_elsewhere_only_those_who_see_performance_are_told(planted: Planted, database: SQLAlchemy) -> None:
    client = planted(EMBEDDED="0").test_client()
    admin = client.get("/api/v1/me", headers=signed_in(Role.ADMIN))
    assert admin.headers["Server-Timing"].startswith("db;dur=")
    for headers in ({}, signed_in(Role.OPERATOR), signed_in()):
        assert "Server-Timing" not in client.get("/api/v1/me", headers=headers).headers
    # The first is made, the second kept for the fast path, the third given by it.
    for _ in range(3):
        answer = client.get("/api/v1/stops")
        assert "Server-Timing" not in answer.headers
    assert answer.headers["X-Cache"] == "HIT"
