"""Benchmark of lists of charters, notifications and staff with millions of rows: deep pages against first ones."""

import time
from contextvars import Context
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from flask.testing import FlaskClient
from sqlalchemy import event

from benchmarks.environment import Databases
from benchmarks.paired_rounds import RunFailed
from benchmarks.report import Goal, Report
from config import Settings
from falconbus.accounts import tokens
from falconbus.accounts.models import ApiToken
from falconbus.app import create_app
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock

CHARTERS, NOTIFICATIONS, UNREAD = 1_000_000, 5_000_000, 100_000
CALLS = 30
DEEP_PAGE = 1000
REACH = 1.3
MAX_MARKING_MS = 1000
#: Statements that each list may send, and the one of the authentication.
_MAX_STATEMENTS = {"appointments": 2, "notifications": 2, "staff": 1, "staff/active": 1}
_OPERATOR, _DRIVER, _CLIENT = 1, 11, 1000

Row = dict[str, Any]


def run(databases: Databases) -> Report:
    """Time requests to the app in process, as an operator, a driver and a client."""
    _fill(databases)
    settings = databases.settings("scheduling") | {"RATELIMIT_ENABLED": "false", "LOG_LEVEL": "ERROR"}
    app = create_app(Settings.from_environment(settings))
    with app.app_context():
        callers = {user_id: _sign_in(user_id) for user_id in (_OPERATOR, _DRIVER, _CLIENT)}
        lists = _ListBenchmark(app.test_client(), callers)
        rows = [
            lists.measure("all charters", "appointments", _OPERATOR, DEEP_PAGE),
            lists.measure("charters to be answered", "appointments?status=assigned", _OPERATOR, DEEP_PAGE),
            lists.measure("a driver's charters", "appointments", _DRIVER, 100),
            lists.measure("a client's charters", "appointments", _CLIENT, 2),
            lists.measure("a driver's notifications", "notifications", _DRIVER, DEEP_PAGE),
            lists.measure("staff", "staff", _OPERATOR, 2),
            lists.measure("active staff", "staff/active", _OPERATOR, 2),
        ]
        marking = lists.mark_all(_DRIVER)
        db.engine.dispose()
    databases.drop("scheduling")
    return Report(
        "scheduling",
        rows=rows,
        goals=[
            *(Goal(f"{row['list']}, the deep page, of the first", row["ratio"], REACH, at_most=True) for row in rows),
            *(Goal(f"{row['list']}, statements", row["statements"], row["may"], at_most=True) for row in rows),
            Goal(f"marking {UNREAD:,} as read, ms", marking, MAX_MARKING_MS, at_most=True),
        ],
        notes=[f"{CHARTERS:,} charters, {NOTIFICATIONS:,} notifications; statements without the authentication's"],
    )


class _ListBenchmark:
    def __init__(self, client: FlaskClient, callers: dict[int, dict[str, str]]) -> None:
        self._client = client
        self._callers = callers

    def measure(self, name: str, path: str, caller: int, deep: int) -> Row:
        """Return a row on a list's first page and its `deep`th, requested in turns."""
        first = f"/api/v1/scheduling/{path}"
        deepest = first
        for _ in range(deep - 1):
            following = self._get(deepest, caller)["next"]
            if following is None:
                raise RunFailed(f"{name} has fewer than {deep} pages")
            deepest = following
        times: dict[str, list[float]] = {first: [], deepest: []}
        for number in range(CALLS):
            for address in (first, deepest) if number % 2 else (deepest, first):
                began = time.perf_counter()
                self._get(address, caller)
                times[address].append((time.perf_counter() - began) * 1000)
        few, many = (self._count_statements(address, caller) for address in (f"{first}{_one_row_query(first)}", first))
        return {
            "list": name,
            "first ms": round(median(times[first]), 1),
            "deep ms": round(median(times[deepest]), 1),
            "page": deep,
            "ratio": round(median(times[deepest]) / median(times[first]), 2),
            "statements": max(few, many),
            "may": _MAX_STATEMENTS[path.partition("?")[0]],
        }

    def mark_all(self, caller: int) -> float:
        """Return how long a request to mark all notifications as read takes, in milliseconds."""
        began = time.perf_counter()
        address, body = "/api/v1/scheduling/notifications/read", {"up_to": None}
        # Each request in a context of its own: in the app's, it would have the previous request's identity.
        answer = Context().run(self._client.post, address, json=body, headers=self._callers[caller])
        spent = (time.perf_counter() - began) * 1000
        if answer.status_code != 200 or answer.json != {"read": UNREAD}:
            raise RunFailed(f"marking as read: {answer.status_code}: {answer.text[:300]}")
        return round(spent, 1)

    def _get(self, address: str, caller: int) -> Any:
        answer = Context().run(self._client.get, address, headers=self._callers[caller])
        if answer.status_code != 200 or answer.json is None or not answer.json["results"]:
            raise RunFailed(f"{address}: {answer.status_code}: {answer.text[:300]}")
        return answer.json

    def _count_statements(self, address: str, caller: int) -> int:
        sent: list[str] = []

        def record_statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            sent.append(statement)

        event.listen(db.engine, "before_cursor_execute", record_statement)
        self._get(address, caller)
        event.remove(db.engine, "before_cursor_execute", record_statement)
        return len(sent) - 1


def _one_row_query(address: str) -> str:
    return ("&" if "?" in address else "?") + "page_size=1"


def _sign_in(user_id: int) -> dict[str, str]:
    new_token, now = tokens.new_token(), clock.now()
    token = ApiToken(public_id=new_token.public_id, secret_hash=new_token.secret_hash, user_id=user_id)
    token.created_at, token.expires_at = now, now + tokens.LIFETIME
    db.session.add(token)
    db.session.commit()
    db.session.remove()
    return {"Authorization": f"Bearer {new_token.text}"}


def _fill(databases: Databases) -> None:
    url = databases.create("scheduling")
    databases.migrate("scheduling")
    script = Path(__file__).with_suffix(".sql").read_text()
    sizes = {"charters": CHARTERS, "notifications": NOTIFICATIONS, "unread": UNREAD}
    for name, value in sizes.items():
        script = script.replace(f":{name}", str(value))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script)
        connection.execute("VACUUM ANALYZE")
