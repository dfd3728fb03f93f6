"""Rate limits: quotas counted on Redis, and by Flask-Limiter in process while Redis is away."""

from functools import cache, lru_cache
from math import ceil
from typing import NamedTuple

from flask import Flask, Response, request
from flask_limiter import ApplicationLimit, Limiter
from flask_limiter.errors import RateLimitExceeded
from limits import RateLimitItem, parse_many
from redis import RedisError

from config import Settings
from falconbus.platform.kit import clock
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.telemetry import recording
from falconbus.platform.web import problems
from falconbus.platform.web.declarations import operation_of
from falconbus.platform.web.leased_limits import LEASED, LeasedRedisStorage
from falconbus.platform.web.quotas import Quota, quotas_of_anybody, quotas_of_request

Headers = list[tuple[str, str]]

#: In a request's environment: it has been counted, and the headers that tell of it.
_COUNTED = "falconbus.counted"
_STRATEGY = "sliding-window-counter"
#: The strategy is part of the keys: two strategies on the same keys are errors.
_PREFIX = f"limits:{_STRATEGY}:"
_SCOPE = "global"
#: The most quotas that one request is counted under.
_MOST_QUOTAS = 2
_NO_QUOTA = Quota("", "", "")


class RateLimited(DomainError):
    """Over a limit; more is permitted in so many `seconds`."""

    status = 429
    code = "rate_limited"
    title = "Too many requests"

    def __init__(self, quota: str, limit: RateLimitItem, reset_at: float) -> None:
        #: Until the oldest calls that count have left the window.
        self.seconds = max(1, ceil(reset_at - clock.now().timestamp()))
        super().__init__(f"the limit is {limit} ({quota}); try again in {self.seconds} s")
        self.headers = [
            ("Retry-After", str(self.seconds)),
            ("RateLimit-Policy", f'"{quota}";q={limit.amount};w={limit.get_expiry()}'),
            ("RateLimit", f'"{quota}";r=0;t={self.seconds}'),
        ]


class _Window(NamedTuple):
    """One part of a quota's rate, its name for callers and its key in the store."""

    limit: RateLimitItem
    name: str
    key: str


class _Limiter(Limiter):
    """A Flask-Limiter that skips requests already counted: its bookkeeping costs more than the counting."""

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:  # noqa: FBT001, FBT002
        if _COUNTED in request.environ:
            return
        try:
            super()._check_request_limit(callable_name, in_middleware)
        except RateLimitExceeded as exceeded:
            key = exceeded.limit.key_func()
            raise _refusal(key.partition(":")[0], exceeded.limit.limit, key) from None


def _slot(number: int) -> ApplicationLimit:
    """Return a limit of Flask-Limiter's that stands for one of the present request's quotas, if it has so many."""

    def quota() -> Quota:
        quotas = quotas_of_request()
        return quotas[number] if number < len(quotas) else _NO_QUOTA

    return ApplicationLimit(lambda: quota().rate, key_function=lambda: _key_of(quota()), scope=_SCOPE)


limiter = _Limiter(
    key_func=lambda: "", application_limits=[_slot(number) for number in range(_MOST_QUOTAS)], key_prefix=_PREFIX
)


def init_app(app: Flask, settings: Settings) -> None:
    """Count every API call and form post, and tell its caller how many are left."""
    app.config.update(
        RATELIMIT_ENABLED=settings.ratelimit_enabled,
        RATELIMIT_STORAGE_URI=f"{LEASED}{settings.cache_redis_url}",
        RATELIMIT_STORAGE_OPTIONS={"socket_timeout": 0.25, "socket_connect_timeout": 0.25},
        RATELIMIT_STRATEGY=_STRATEGY,
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
    )
    app.before_request(_count_request)
    limiter.init_app(app)
    app.after_request(_tell)
    app.register_error_handler(RateLimited, refuse)


def count(quota: Quota) -> None:
    """Count one more try under a quota that neither operation nor caller tells, such as an account's; RateLimited."""
    if not limiter.enabled:
        return
    strategy = limiter.limiter
    try:
        for window in _windows_of(quota):
            if not strategy.hit(window.limit, _PREFIX, _key_of(quota), _SCOPE):
                raise _refusal(window.name, window.limit, _key_of(quota))
    except RedisError:
        # Gone since the request was counted, a moment ago: the next one is counted in process.
        return


def permit(app: Flask, endpoint: str, address: str) -> Headers | None:
    """Count a GET of a client that shows neither who it is nor a key; return the headers that tell of it.

    None when it is over a limit, or Redis is away: both are told, or gone around, after the fast path.
    """
    if not limiter.enabled:
        return []
    declared = operation_of(app.view_functions[endpoint])
    if declared is None:
        return None
    try:
        return _take(quotas_of_anybody(declared, app.config["SETTINGS"], address))
    except (RateLimited, RedisError):
        return None


def refuse(refusal: RateLimited) -> Response:
    """429 with the seconds to wait."""
    note_refusal()
    answer = problems.response_of(refusal)
    answer.headers.extend(refusal.headers)
    return answer


def note_refusal() -> None:
    """Note for the dashboard that the present request was over a limit."""
    recording.refuse(request.url_rule.rule if request.url_rule else "elsewhere")


def _count_request() -> None:
    if not limiter.enabled:
        return
    try:
        headers = _take(quotas_of_request())
    except RedisError:
        # Flask-Limiter has a way around it.
        return
    if headers is not None:
        request.environ[_COUNTED] = headers


def _tell(response: Response) -> Response:
    if response.status_code != RateLimited.status:
        response.headers.extend(request.environ.get(_COUNTED, ()))
    return response


def _take(quotas: list[Quota]) -> Headers | None:
    """Take a permit of each quota; None while they are counted in process. RateLimited, RedisError."""
    storage = limiter.limiter.storage
    if not isinstance(storage, LeasedRedisStorage):
        return None
    policies, left = [], []
    for quota in quotas:
        for window in _windows_of(quota):
            rest = storage.take(window.key, window.limit.amount, window.limit.get_expiry())
            if rest is None:
                raise _refusal(window.name, window.limit, _key_of(quota))
            left.append(f'"{window.name}";r={rest}')
        policies.append(_policy(quota.name, quota.rate))
    return [("RateLimit-Policy", ", ".join(policies)), ("RateLimit", ", ".join(left))] if left else []


def _refusal(name: str, limit: RateLimitItem, key: str) -> RateLimited:
    reset_at, _ = limiter.limiter.get_window_stats(limit, _PREFIX, key, _SCOPE)
    return RateLimited(name, limit, reset_at)


def _key_of(quota: Quota) -> str:
    return f"{quota.name}:{quota.who}"


@lru_cache(maxsize=10_000)
def _windows_of(quota: Quota) -> tuple[_Window, ...]:
    names = _names_of(quota.name, quota.rate)
    return tuple(_Window(limit, name, limit.key_for(_PREFIX, _key_of(quota), _SCOPE)) for limit, name in names)


@cache
def _policy(name: str, rate: str) -> str:
    """Return a quota as `RateLimit-Policy` has it (draft-ietf-httpapi-ratelimit-headers)."""
    return ", ".join(f'"{name}";q={limit.amount};w={limit.get_expiry()}' for limit, name in _names_of(name, rate))


@cache
def _names_of(name: str, rate: str) -> tuple[tuple[RateLimitItem, str], ...]:
    """Return the parts of a rate, the shortest first; when there are several each has its seconds in its name."""
    limits = sorted(parse_many(rate))
    return tuple((limit, name if len(limits) == 1 else f"{name}-{limit.get_expiry()}") for limit in limits)
