"""Tickets and polled numbers: for whom, and only what is new."""

import pytest
from flask.testing import FlaskClient
from redis import Redis

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.live import stream_tokens
from falconbus.platform.kit import clock
from falconbus.platform.telemetry import store
from falconbus.platform.telemetry.minute_counts import ENDPOINT, Minute, Series
from tests.accounts.signing import signed_in
from tests.conftest import SECRET_KEY

TICKET, NUMBERS = "/api/v1/live/ticket", "/api/v1/performance/live"

pytestmark = pytest.mark.usefixtures("database")


def test_nobody_in_particular_gets_neither(client: FlaskClient) -> None:
    assert [client.get(address).status_code for address in (f"{TICKET}?topic=performance", NUMBERS)] == [401, 401]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AGENT, Role.DRIVER, Role.ATTENDANT])
def test_who_may_not_see_performance_gets_neither(client: FlaskClient, role: Role) -> None:
    headers = signed_in(role)
    for address in (f"{TICKET}?topic=performance", NUMBERS):
        answer = client.get(address, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


def test_an_admin_gets_a_ticket_for_that_topic_only(client: FlaskClient) -> None:
    answer = client.get(f"{TICKET}?topic=performance", headers=signed_in(Role.ADMIN))
    assert answer.status_code == 200
    assert (answer.json["valid_seconds"], answer.json["url"]) == (60, None)
    ticket = stream_tokens.read_token(SECRET_KEY, answer.json["ticket"])
    assert ticket is not None
    assert ticket.topics == {"performance"}
    assert stream_tokens.read_token("another key, of 32 characters or more", answer.json["ticket"]) is None


@pytest.mark.parametrize("query", ["", "?topic=", "?topic=seats", "?topic=performance&more=1", f"?topic={'x' * 100}"])
def test_what_is_no_topic_is_told(client: FlaskClient, query: str) -> None:
    answer = client.get(TICKET + query, headers=signed_in(Role.ADMIN))
    assert answer.status_code == 422
    assert answer.json["errors"]


def test_polled_numbers_come_with_an_etag_and_once(
    client: FlaskClient, app: FalconBus, environment: dict[str, str]
) -> None:
    redis = Redis.from_url(environment["CACHE_REDIS_URL"])
    minute = int(clock.now().timestamp() // 60 * 60)
    for begin in (minute - 60, minute, minute + 60):
        redis.delete(store.key_of(begin))
    app.extensions.pop("live_watch", None)
    store.write(redis, "p1", {minute: Minute("r1", {(ENDPOINT, "GET /a"): Series(12, 1, {100: 12}, {"2xx": 12})})})
    headers = signed_in(Role.ADMIN)
    first = client.get(NUMBERS, headers=headers)
    assert first.status_code == 200
    assert [(each["name"], each["requests"]) for each in first.json["endpoints"]] == [("GET /a", 12)]
    again = client.get(NUMBERS, headers={**headers, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    redis.delete(store.key_of(minute))
    redis.close()
    app.extensions.pop("live_watch", None)


def test_without_redis_the_numbers_are_away_and_nothing_else_is(client: FlaskClient, app: FalconBus) -> None:
    there = app.extensions["cache_redis"]
    app.extensions.pop("live_watch", None)
    app.extensions["cache_redis"] = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.25)
    try:
        answer = client.get(NUMBERS, headers=signed_in(Role.ADMIN))
    finally:
        app.extensions["cache_redis"] = there
        app.extensions.pop("live_watch", None)
    assert (answer.status_code, answer.json["code"]) == (503, "live_unavailable")
