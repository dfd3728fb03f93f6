"""What the dashboard answers when there is nothing to tell, or not to this caller."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.platform.kit import clock
from falconbus.platform.kit.redis_connection import cache_redis
from tests.performance.test_dashboard import ADDRESS, STOPS, ask, signed_in

ADDRESSES = (ADDRESS, "/api/v1/performance/endpoints?endpoint=GET+/api/v1/stops", "/api/v1/performance/statements/abc")


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AGENT, Role.DRIVER, Role.ATTENDANT])
def test_nobody_but_admins_sees_it(role: Role, client: FlaskClient, database: SQLAlchemy) -> None:
    headers = signed_in(database, "somebody@example.com", role)
    for address in ADDRESSES:
        assert client.get(address).status_code == 401
        assert client.get(address, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"last": "2h"}, "invalid"),
        ({"last": "1h", "from": "2026-01-01T00:00:00Z"}, "bad_period"),
        ({"to": "2026-01-01T00:00:00Z"}, "bad_period"),
        ({"from": "-2", "to": "-1"}, "bad_period"),
        ({"from": "{recently}", "to": "{earlier}"}, "bad_period"),
        ({"from": "{recently}", "to": "{recently}"}, "bad_period"),
        ({"from": "{soon}"}, "bad_period"),
        ({"from": "{soon}", "to": "{later}"}, "bad_period"),
        ({"from": "2001-01-01T00:00:00Z"}, "bad_period"),
        ({"from": "0001-01-01T00:00:00+14:00", "to": "9999-12-31T23:59:59-14:00"}, "bad_period"),
        ({"from": "2026-01-01T00:00:00"}, "invalid"),
        ({"from": "yesterday"}, "invalid"),
        ({"sort": "beauty"}, "invalid"),
        ({"colour": "blue"}, "invalid"),
    ],
)
def test_a_period_that_cannot_be_is_refused(
    query: dict[str, str], code: str, client: FlaskClient, database: SQLAlchemy
) -> None:
    headers = signed_in(database, "admin@example.com", Role.ADMIN)
    now = clock.now()
    moments = {
        "earlier": now - timedelta(hours=2), "recently": now - timedelta(hours=1),
        "soon": now + timedelta(hours=1), "later": now + timedelta(hours=2),
    }  # fmt: skip
    said = {
        name: value.format(**{each: at.isoformat() for each, at in moments.items()}) for name, value in query.items()
    }
    answer = client.get(ADDRESS, query_string=said, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (422, code), answer.json


def test_what_never_was_is_not_found(client: FlaskClient, database: SQLAlchemy) -> None:
    headers = signed_in(database, "admin@example.com", Role.ADMIN)
    for address, code in (
        ("/api/v1/performance/endpoints?endpoint=GET+/api/v1/never", "endpoint_not_found"),
        ("/api/v1/performance/statements/0123456789abcdef", "statement_not_found"),
        ("/api/v1/performance/statements/%00", "statement_not_found"),
    ):
        answer = client.get(address, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (404, code), address
    assert client.get("/api/v1/performance/endpoints", headers=headers).status_code == 422


def test_without_redis_the_dashboard_says_that_the_newest_minutes_are_missing(
    app: FalconBus, client: FlaskClient, database: SQLAlchemy
) -> None:
    headers = signed_in(database, "admin@example.com", Role.ADMIN)
    assert ask(client, headers)["is_complete"] is True
    redis = cache_redis()
    app.extensions["cache_redis"] = type(redis).from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)
    try:
        for path, query in ((ADDRESS, {}), ("/api/v1/performance/endpoints", {"endpoint": STOPS[1]})):
            assert ask(client, headers, path, **query)["is_complete"] is False
    finally:
        app.extensions["cache_redis"] = redis
