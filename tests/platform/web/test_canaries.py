"""What rate limits rely on inside Flask-Limiter and limits: each test fails when a new version changes that."""

import inspect

import pytest
from flask_limiter import Limiter
from limits import parse
from limits.storage import RedisStorage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from falconbus.platform.web import limits
from falconbus.platform.web.leased_limits import LEASED, LeasedRedisStorage
from tests.platform.web.test_limits import Limited, limited, redis_of

__all__ = ["limited"]

TWO_AN_HOUR = {"ratelimit_reads": "2/hour"}


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_flask_limiter_asks_the_method_that_we_override() -> None:
    assert parameters(Limiter._check_request_limit) == ["self", "callable_name", "in_middleware"]  # noqa: SLF001
    assert parameters(limits._Limiter._check_request_limit) == parameters(Limiter._check_request_limit)  # noqa: SLF001


def test_a_request_that_was_counted_is_not_counted_by_flask_limiter(limited: Limited) -> None:
    client = limited(ratelimit_reads="4/hour").test_client()
    left = [client.get("/api/v1/routes").headers["RateLimit"] for _ in range(4)]
    assert left == [f'"reads";r={3 - number}' for number in range(4)]


def test_what_we_count_flask_limiter_sees(limited: Limited, monkeypatch: pytest.MonkeyPatch) -> None:
    client = limited(**TWO_AN_HOUR).test_client()
    assert [client.get("/api/v1/routes").status_code for _ in range(2)] == [200, 200]
    monkeypatch.setattr(limits, "_take", lambda _: None)
    assert client.get("/api/v1/routes").status_code == 429


def test_what_flask_limiter_counts_we_see(limited: Limited, monkeypatch: pytest.MonkeyPatch) -> None:
    app = limited(**TWO_AN_HOUR)
    client = app.test_client()
    with monkeypatch.context() as without_ours:
        without_ours.setattr(limits, "_take", lambda _: None)
        assert [client.get("/api/v1/routes").status_code for _ in range(2)] == [200, 200]
    endpoint = next(rule.endpoint for rule in app.url_map.iter_rules() if rule.rule == "/api/v1/routes")
    assert limits.permit(app, endpoint, "127.0.0.1") is None
    assert limits.permit(app, endpoint, "192.0.2.7") is not None


def test_both_quotas_of_a_call_are_counted_by_flask_limiter(limited: Limited, monkeypatch: pytest.MonkeyPatch) -> None:
    client = limited(ratelimit_booking="2/minute", ratelimit_anonymous="5/hour").test_client()
    monkeypatch.setattr(limits, "_take", lambda _: None)
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert [client.post("/api/v1/bookings", json={}).status_code for _ in range(3)] == [422, 422, 429]
    cancel = [
        client.post("/api/v1/bookings/ABCD2345/cancel", json={}, environ_base=elsewhere).status_code for _ in range(6)
    ]
    assert cancel == [404] * 5 + [429]


def test_the_store_has_the_methods_that_we_override_and_ask() -> None:
    theirs, ours = RedisStorage.acquire_sliding_window_entry, LeasedRedisStorage.acquire_sliding_window_entry
    assert parameters(theirs) == parameters(ours) == ["self", "key", "limit", "expiry", "amount"]
    assert parameters(RedisStorage.get_sliding_window) == ["self", "key", "expiry"]


def test_a_window_tells_both_counts_and_how_long_they_last(limited: Limited) -> None:
    storage = storage_from_string(redis_of(limited))
    assert isinstance(storage, RedisStorage)
    assert storage.acquire_sliding_window_entry("canary", 100, 3600, 7)
    previous, previous_ttl, current, current_ttl = storage.get_sliding_window("canary", 3600)
    assert (previous, previous_ttl, current) == (0, 0, 7)
    assert current_ttl > 3600


def test_the_strategy_counts_through_the_leasing_store(limited: Limited) -> None:
    """A lease takes more from the window than it lets through at once."""
    storage = storage_from_string(f"{LEASED}{redis_of(limited)}")
    assert isinstance(storage, LeasedRedisStorage)
    strategy, item = SlidingWindowCounterRateLimiter(storage), parse("3200/hour")
    assert strategy.hit(item, "canary")
    assert storage.get_sliding_window(item.key_for("canary"), 3600)[2] == 32
