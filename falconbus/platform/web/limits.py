"""Rate limits: Flask-Limiter on Redis, counted in process while Redis is away."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

from flask import Flask, Response, current_app, request
from flask_limiter import Limiter
from flask_limiter.errors import RateLimitExceeded
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage

from config import Settings
from falconbus.platform.caching.response_cache import REFILL
from falconbus.platform.kit import clock
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.telemetry import recording
from falconbus.platform.web import identity, problems
from falconbus.platform.web.declarations import operation_of
from falconbus.platform.web.leased_limits import LEASED

View = TypeVar("View", bound=Callable[..., Any])


class RateLimited(DomainError):
    status = 429
    code = "rate_limited"
    title = "Too many requests"


#: In a request's environment: it has been counted.
_COUNTED = "falconbus.counted"
_STRATEGY = "sliding-window-counter"


def _limit_key() -> str:
    try:
        return identity.limit_key()
    except identity.InvalidToken:
        return f"address:{request.remote_addr}"


class _Limiter(Limiter):
    """A Flask-Limiter that skips requests already counted: its bookkeeping costs more than the counting."""

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:  # noqa: FBT001, FBT002
        if _COUNTED not in request.environ:
            super()._check_request_limit(callable_name, in_middleware)


limiter = _Limiter(key_func=_limit_key)


def limited(setting: str) -> Callable[[View], View]:
    """Limit the view by address, at the rate that the setting of that name gives."""

    def rate() -> str:
        return str(getattr(current_app.config["SETTINGS"], setting))

    def decorate(view: View) -> View:
        limit = limiter.limit(
            rate, key_func=lambda: f"{setting}:{request.remote_addr}", exempt_when=lambda: REFILL in request.environ
        )
        return cast(View, limit(view))

    return decorate


def permits(app: Flask, endpoint: str, address: str) -> bool:
    """Count a request of a client without an account as Flask-Limiter would, at a tenth of its cost.

    Returns False when it must be left to Flask-Limiter: it refuses in its own words, or counts in process while Redis
    is away.
    """
    if not limiter.enabled:
        return True
    view, settings = app.view_functions[endpoint], app.config["SETTINGS"]
    declared = operation_of(view)
    own = None if declared is None else declared.limit
    counted = [] if own is None else [(getattr(settings, own), f"{own}:{address}", endpoint)]
    if declared is None or declared.counted:
        counted.append((settings.ratelimit_anonymous, f"address:{address}", "global"))
    strategy, prefix = limiter.limiter, app.config["RATELIMIT_KEY_PREFIX"]
    if isinstance(strategy.storage, MemoryStorage):
        return False
    try:
        return all(
            strategy.hit(limit, prefix, who, scope) for rate, who, scope in counted for limit in _limits_of(rate)
        )
    except Exception:  # noqa: BLE001  whatever the store's trouble is, Flask-Limiter has a way around it
        return False


@cache
def _limits_of(rate: str) -> list[RateLimitItem]:
    return parse_many(rate)


def init_app(app: Flask, settings: Settings) -> None:
    """Count every API call and form post by account or address."""
    app.config.update(
        RATELIMIT_ENABLED=settings.ratelimit_enabled,
        RATELIMIT_STORAGE_URI=f"{LEASED}{settings.cache_redis_url}",
        RATELIMIT_STORAGE_OPTIONS={"socket_timeout": 0.25, "socket_connect_timeout": 0.25},
        RATELIMIT_STRATEGY=_STRATEGY,
        # The strategy is part of the keys: two strategies on the same keys are errors.
        RATELIMIT_KEY_PREFIX=f"limits:{_STRATEGY}:",
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
        RATELIMIT_APPLICATION=_rate,
        RATELIMIT_APPLICATION_EXEMPT_WHEN=_is_uncounted,
    )
    app.before_request(_count_quickly)
    limiter.init_app(app)
    app.register_error_handler(RateLimitExceeded, refuse)


def _count_quickly() -> None:
    environ = request.environ
    if request.endpoint is None or "HTTP_AUTHORIZATION" in environ or "HTTP_COOKIE" in environ:
        return
    if (request.path.startswith("/api/") or request.method == "POST") and REFILL not in environ:
        address = request.remote_addr or ""
        if permits(current_app, request.endpoint, address):
            environ[_COUNTED] = True


def refuse(exceeded: RateLimitExceeded) -> Response:
    """429 with the seconds to wait: until the oldest calls that count have left the window."""
    limit = limiter.current_limit
    recording.refuse(request.url_rule.rule if request.url_rule else "elsewhere")
    seconds = max(1, int(limit.reset_at - clock.now().timestamp())) if limit else 1
    detail = f"the limit is {exceeded.description}; try again in {seconds} s"
    answer = problems.response_of(RateLimited(detail))
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _rate() -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return settings.ratelimit_anonymous if _limit_key().startswith("address:") else settings.ratelimit_signed_in


def _is_uncounted() -> bool:
    if request.endpoint is None:
        return False
    if REFILL in request.environ:
        return True
    is_call = request.path.startswith("/api/") or request.method == "POST"
    declared = operation_of(current_app.view_functions[request.endpoint])
    return not is_call or (declared is not None and not declared.counted)
