"""Rate limits on the real Redis, and without it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from redis import Redis

from config import Settings
from falconbus.app import FalconBus, create_app
from falconbus.platform.database.engine import db
from falconbus.platform.web.leased_limits import LEASED
from falconbus.platform.web.limits import limiter
from tests.calls import booking_body
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
    yield make
    limiter.enabled = False
    for another in made:
        with another.app_context():
            db.engine.dispose()


def test_over_the_limit_is_429_with_the_time_to_wait(limited: Limited) -> None:
    client = limited(ratelimit_anonymous="3/hour").test_client()
    answers = [client.get("/api/v1/routes") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert (refused.content_type, refused.json["code"]) == ("application/problem+json", "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    elsewhere = client.get("/api/v1/routes", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 200


def test_health_and_documents_are_not_counted_and_stops_have_their_own(limited: Limited) -> None:
    client = limited(ratelimit_anonymous="1/hour", ratelimit_stops="3/minute").test_client()
    for _ in range(5):
        assert client.get("/api/health/live").status_code == 200
        assert client.get("/api/docs").status_code == 200
    assert [client.get("/api/v1/stops").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert client.get("/api/v1/routes").status_code == 200


def test_bookings_have_a_limit_by_address(limited: Limited, world: World) -> None:
    client = limited(ratelimit_booking="2/minute").test_client()
    body = booking_body(world.add_schedule().id)
    assert [client.post("/api/v1/bookings", json=body).status_code for _ in range(3)] == [201, 201, 429]


def test_wrong_tokens_count_too(limited: Limited) -> None:
    client = limited(ratelimit_anonymous="2/hour").test_client()
    headers = {"Authorization": "Bearer guess"}
    assert [client.get("/api/v1/routes", headers=headers).status_code for _ in range(3)] == [401, 401, 429]


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
