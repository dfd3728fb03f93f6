"""Rate limits on the real Redis, and without it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from redis import Redis

from config import Settings
from falconbus.accounts import api_keys
from falconbus.app import FalconBus, create_app
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.web.leased_limits import LEASED
from falconbus.platform.web.limits import limiter
from tests.accounts.signing import signed_in
from tests.calls import bearer, booking_body, hold, pay
from tests.world import World

Limited = Callable[..., FalconBus]


@pytest.fixture
def limited(app: FalconBus, environment: dict[str, str]) -> Iterator[Limited]:
    """Makes an app with limits on the same database; `changes` are settings."""
    made: list[FalconBus] = []
    settings = Settings.from_environment(environment)

    def make(**changes: object) -> FalconBus:
        another = create_app(replace(settings, ratelimit_enabled=True, **changes))  # type: ignore[arg-type]
        another.test_client_class = app.test_client_class
        made.append(another)
        return another

    Redis.from_url(settings.cache_redis_url).flushdb()
    # The limiter is the process's: another test's Redis was away, this one's is not.
    limiter._storage_dead = False  # noqa: SLF001
    yield make
    limiter.enabled = False
    for another in made:
        with another.app_context():
            db.engine.dispose()


def test_over_the_limit_is_429_with_the_time_to_wait(limited: Limited) -> None:
    client = limited(ratelimit_reads="3/minute").test_client()
    answers = [client.get("/api/v1/routes") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert (refused.content_type, refused.json["code"]) == ("application/problem+json", "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    elsewhere = client.get("/api/v1/routes", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 200


def test_what_is_left_is_told(limited: Limited, world: World) -> None:
    client = limited(ratelimit_reads="3/minute", ratelimit_booking="2/minute;5/hour").test_client()
    read = [client.get("/api/v1/routes") for _ in range(4)]
    assert [answer.headers["RateLimit"] for answer in read[:3]] == ['"reads";r=2', '"reads";r=1', '"reads";r=0']
    assert {answer.headers["RateLimit-Policy"] for answer in read} == {'"reads";q=3;w=60'}
    assert read[3].headers["RateLimit"] == f'"reads";r=0;t={read[3].headers["Retry-After"]}'
    held = client.post("/api/v1/bookings", json=booking_body(world.add_schedule().id))
    policies = '"booking-60";q=2;w=60, "booking-3600";q=5;w=3600, "writes";q=100;w=3600'
    assert held.headers["RateLimit-Policy"] == policies
    assert held.headers["RateLimit"].startswith('"booking-60";r=1, "booking-3600";r=4, "writes";r=')


def test_what_is_left_is_told_of_a_lease(limited: Limited) -> None:
    client = limited(ratelimit_reads="320/minute").test_client()
    assert [client.get("/api/v1/routes").headers["RateLimit"] for _ in range(12)] == [
        f'"reads";r={319 - number}' for number in range(12)
    ]


def test_health_and_documents_are_not_counted_and_stops_have_their_own(limited: Limited) -> None:
    client = limited(ratelimit_reads="1/hour", ratelimit_stops="3/minute").test_client()
    for _ in range(5):
        assert client.get("/api/health/live").status_code == 200
        assert client.get("/api/docs").status_code == 200
    assert [client.get("/api/v1/stops").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert client.get("/api/v1/routes").status_code == 200


def test_reads_and_writes_are_counted_apart(limited: Limited) -> None:
    client = limited(ratelimit_anonymous="1/hour", ratelimit_reads="2/minute").test_client()
    assert client.post("/api/v1/bookings", json={}).status_code == 422
    assert client.post("/api/v1/bookings", json={}).status_code == 429
    assert [client.get("/api/v1/routes").status_code for _ in range(3)] == [200, 200, 429]


def test_bookings_have_a_limit_by_address(limited: Limited, world: World) -> None:
    client = limited(ratelimit_booking="2/minute").test_client()
    body = booking_body(world.add_schedule().id)
    assert [client.post("/api/v1/bookings", json=body).status_code for _ in range(3)] == [201, 201, 429]


def test_a_client_has_many_addresses_and_one_limit(limited: Limited, world: World) -> None:
    client = limited().test_client()
    body = booking_body(world.add_schedule().id)
    addresses = [f"2001:db8:7:7:{number:x}::1" for number in range(14)]
    statuses = [
        client.post("/api/v1/bookings", json=body, environ_base={"REMOTE_ADDR": address}).status_code
        for address in addresses
    ]
    assert statuses == [201] * 10 + [429] * 4
    neighbour = client.post("/api/v1/bookings", json=body, environ_base={"REMOTE_ADDR": "2001:db8:7:8::1"})
    assert neighbour.status_code == 201


def test_wrong_passwords_are_counted_by_client(limited: Limited) -> None:
    client = limited().test_client()
    statuses = [
        client.post(
            "/api/v1/auth/token",
            json={"email": f"somebody-{number}@example.com", "password": "a wrong password"},
            environ_base={"REMOTE_ADDR": f"2001:db8:7:7::{number:x}"},
        ).status_code
        for number in range(25)
    ]
    assert statuses == [401] * 10 + [429] * 15


def test_wrong_passwords_are_counted_by_account(limited: Limited) -> None:
    client = limited(ratelimit_account="2/minute").test_client()

    def sign_in(email: str, number: int) -> Any:
        return client.post(
            "/api/v1/auth/token",
            json={"email": email, "password": "a wrong password"},
            environ_base={"REMOTE_ADDR": f"192.0.2.{number}"},
        )

    spellings = ["thandi@example.com", "Thandi@Example.com", " thandi@example.com"]
    answers = [sign_in(email, number) for number, email in enumerate(spellings)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert 0 < int(answers[2].headers["Retry-After"]) <= 60
    assert answers[2].headers["RateLimit"] == f'"account";r=0;t={answers[2].headers["Retry-After"]}'
    assert sign_in("sipho@example.com", 7).status_code == 401


def test_wrong_tokens_count_as_writes_of_their_address(limited: Limited) -> None:
    client = limited(ratelimit_anonymous="2/hour").test_client()
    headers = {"Authorization": "Bearer guess"}
    assert [client.get("/api/v1/routes", headers=headers).status_code for _ in range(3)] == [401, 401, 429]
    assert client.get("/api/v1/routes").status_code == 200


def test_guesses_at_an_email_are_as_scarce_as_writes(limited: Limited) -> None:
    client = limited(ratelimit_anonymous="2/hour").test_client()
    guesses = [client.get(f"/api/v1/bookings/ABCD2345?email={number}@example.com") for number in range(3)]
    assert [answer.status_code for answer in guesses] == [404, 404, 429]


def test_ones_own_booking_is_counted_by_booking(limited: Limited, world: World) -> None:
    client = limited(ratelimit_reads="2/minute", ratelimit_anonymous="4/hour").test_client()
    schedule_id = world.add_schedule().id
    held, other = (hold(client, schedule_id) for _ in range(2))
    shown = [show(client, held, held) for _ in range(3)]
    assert [answer.status_code for answer in shown] == [200, 200, 429]
    assert show(client, other, other).status_code == 200
    assert pay(client, held).headers["RateLimit"] == '"writes";r=3'
    # Of another booking its token tells nothing, and buys nothing.
    assert [show(client, other, held).status_code for _ in range(3)] == [404, 404, 429]
    assert client.post("/api/v1/bookings", json={}, headers=bearer(held["manage_token"])).status_code == 422
    assert client.post("/api/v1/bookings", json={}, headers=bearer(held["manage_token"])).status_code == 422
    assert client.post("/api/v1/bookings", json={}, headers=bearer(held["manage_token"])).status_code == 429


def show(client: FlaskClient, booking: dict[str, Any], token_of: dict[str, Any]) -> Any:
    return client.get(f"/api/v1/bookings/{booking['reference']}", headers=bearer(token_of["manage_token"]))


def test_who_has_an_old_link_does_not_use_up_the_owners(limited: Limited, world: World) -> None:
    client = limited(ratelimit_anonymous="5/minute").test_client()
    held = hold(client, world.add_schedule().id)
    address = f"/api/v1/bookings/{held['reference']}"
    changed = client.patch(address, json={"email": "right@example.com"}, headers=bearer(held["manage_token"]))
    old, own = bearer(held["manage_token"]), bearer(changed.json["manage_token"])
    wrong = [client.patch(address, json={"phone": None}, headers=old).status_code for _ in range(8)]
    assert (wrong[0], wrong[-1]) == (404, 429)
    assert client.patch(address, json={"phone": None}, headers=own).status_code == 200


def test_accounts_have_their_own_limits(limited: Limited, world: World) -> None:
    client = limited(ratelimit_reads="2/minute", ratelimit_signed_in="1/hour").test_client()
    headers = signed_in()
    assert [client.get("/api/v1/me", headers=headers).status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/api/v1/routes").status_code == 200
    assert [client.post("/api/v1/bookings", json={}, headers=headers).status_code for _ in range(2)] == [422, 429]


@pytest.mark.usefixtures("database")
def test_a_key_has_a_limit_of_its_own(limited: Limited) -> None:
    client = limited(ratelimit_reads="1/minute", ratelimit_booking="1/minute", ratelimit_key="6/minute").test_client()
    shop, agreed = key_of("shop"), key_of("agreed", rate="2/minute")
    statuses = [client.post("/api/v1/bookings", json={}, headers=shop).status_code for _ in range(3)]
    statuses += [client.get("/api/v1/routes", headers=shop).status_code for _ in range(4)]
    assert statuses == [422] * 3 + [200] * 3 + [429]
    assert [client.get("/api/v1/routes", headers=agreed).status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/api/v1/routes").status_code == 200


@pytest.mark.usefixtures("database")
def test_a_key_does_not_buy_guesses_at_passwords(limited: Limited) -> None:
    client = limited(ratelimit_sign_in="1/minute").test_client()
    body, shop = {"email": "thandi@example.com", "password": "a wrong password"}, key_of("shop")
    answers = [client.post("/api/v1/auth/token", json=body, headers=shop) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [401, 429]


@pytest.mark.usefixtures("database")
def test_a_wrong_key_is_refused_everywhere_and_counted_by_address(limited: Limited) -> None:
    client = limited(ratelimit_anonymous="2/hour").test_client()
    client.get("/api/v1/stops")
    wrong = {"X-API-Key": key_of("shop")["X-API-Key"][:-1] + "!"}
    answers = [client.get("/api/v1/routes", headers=wrong) for _ in range(3)]
    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [
        (401, "invalid_api_key"),
        (401, "invalid_api_key"),
        (429, "rate_limited"),
    ]
    for uncounted in ("/api/v1/stops", "/api/health"):
        assert client.get(uncounted, headers=wrong).status_code == 429


@pytest.mark.usefixtures("database")
def test_a_key_counts_where_addresses_have_a_limit_of_the_operation(limited: Limited) -> None:
    client = limited(ratelimit_key="2/minute").test_client()
    key = key_of("shop")
    assert [client.get("/api/v1/stops", headers=key).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.usefixtures("database")
def test_a_key_does_not_buy_guesses_at_an_email(limited: Limited) -> None:
    client = limited(ratelimit_anonymous="2/hour").test_client()
    key = key_of("shop")
    guess = "/api/v1/bookings/ABCD2345?email=thandi@example.com"
    assert [client.get(guess, headers=key).status_code for _ in range(3)] == [404, 404, 429]
    assert client.get("/api/v1/stops", headers=key).status_code == 200


def key_of(name: str, rate: str | None = None) -> dict[str, str]:
    return {"X-API-Key": transactions.run(lambda: api_keys.create_key(name, rate))}


def test_preflights_are_not_counted(limited: Limited) -> None:
    client = limited(ratelimit_reads="1/minute", ratelimit_anonymous="1/hour").test_client()
    assert [client.options("/api/v1/bookings").status_code for _ in range(3)] == [200] * 3


def test_without_redis_booking_goes_on_with_a_line_in_the_log(
    limited: Limited, world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    client = limited(cache_redis_url="redis://127.0.0.1:1/0").test_client()
    answer = client.post("/api/v1/bookings", json=booking_body(world.add_schedule().id))
    assert answer.status_code == 201
    assert "Rate limit storage unreachable" in capfd.readouterr().err


def test_permits_taken_in_batches_let_exactly_as_many_through(limited: Limited) -> None:
    """Two processes lease from the same window: together they let through what the limit says, no more."""
    limit = 200
    storages = [storage_from_string(f"{LEASED}{redis_of(limited)}") for _ in range(2)]
    strategies = [SlidingWindowCounterRateLimiter(storage) for storage in storages]
    item = parse(f"{limit}/hour")
    passed = sum(strategies[number % 2].hit(item, "somebody") for number in range(limit * 2))
    assert passed == limit


def redis_of(limited: Limited) -> str:
    url: str = limited().config["SETTINGS"].cache_redis_url
    return url
