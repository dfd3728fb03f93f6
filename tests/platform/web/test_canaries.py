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

TWO_AN_HOUR = {"ratelimit_anonymous": "2/hour"}


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_flask_limiter_asks_the_method_that_we_override() -> None:
    assert parameters(Limiter._check_request_limit) == ["self", "callable_name", "in_middleware"]  # noqa: SLF001
    assert parameters(limits._Limiter._check_request_limit) == parameters(Limiter._check_request_limit)  # noqa: SLF001


def test_a_request_that_was_counted_is_not_counted_by_flask_limiter(limited: Limited) -> None:
    client = limited(ratelimit_anonymous="1/hour").test_client()
    counted = {"falconbus.counted": True, "HTTP_COOKIE": "any=thing"}
    assert [client.get("/api/v1/routes", environ_overrides=counted).status_code for _ in range(3)] == [200] * 3


def test_what_we_count_flask_limiter_sees(limited: Limited, monkeypatch: pytest.MonkeyPatch) -> None:
    client = limited(**TWO_AN_HOUR).test_client()
    assert [client.get("/api/v1/routes").status_code for _ in range(2)] == [200, 200]
    monkeypatch.setattr(limits, "permits", lambda *_: False)
    assert client.get("/api/v1/routes").status_code == 429


def test_what_flask_limiter_counts_we_see(limited: Limited, monkeypatch: pytest.MonkeyPatch) -> None:
    app = limited(**TWO_AN_HOUR)
    client = app.test_client()
    with monkeypatch.context() as without_ours:
        without_ours.setattr(limits, "permits", lambda *_: False)
        assert [client.get("/api/v1/routes").status_code for _ in range(2)] == [200, 200]
    endpoint = next(rule.endpoint for rule in app.url_map.iter_rules() if rule.rule == "/api/v1/routes")
    assert not limits.permits(app, endpoint, "127.0.0.1")
    assert limits.permits(app, endpoint, "192.0.2.7")


def test_the_limit_of_a_single_view_is_counted_in_the_same_keys(
    limited: Limited, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = limited(ratelimit_stops="2/hour").test_client()
    assert [client.get("/api/v1/stops").status_code for _ in range(2)] == [200, 200]
    monkeypatch.setattr(limits, "permits", lambda *_: False)
    assert client.get("/api/v1/stops").status_code == 429


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
