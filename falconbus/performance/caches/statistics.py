"""Cache statistics by group: look-ups over a period, and contents of Redis now."""

from datetime import timedelta

import msgspec

from falconbus.performance.dashboard import periods
from falconbus.performance.dashboard import service as dashboard
from falconbus.performance.dashboard.figures import CacheOut, PeriodOut
from falconbus.performance.vitals import redis as redis_vitals
from falconbus.performance.vitals.redis import RedisAway, RedisVitals
from falconbus.platform.caching import maintenance
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings


class GroupStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Look-ups of a group over the period, and its keys and bytes in Redis now.

    Stale responses came from the cache too; errors found Redis away. `hit_share` is None without look-ups, `keys` and
    `bytes` when the group exists no more.
    """

    group: str
    hits: int
    misses: int
    stale: int
    errors: int
    hit_share: float | None
    keys: int | None
    bytes: int | None


class CacheStatistics(msgspec.Struct, frozen=True):
    """Statistics of all groups; not complete when the newest minutes could not be read from Redis."""

    period: PeriodOut
    groups: list[GroupStatistics]
    redis: RedisVitals
    is_complete: bool

    @property
    def is_empty(self) -> bool:
        """Return whether there was no look-up at all."""
        return not any(group.hits + group.misses + group.stale + group.errors for group in self.groups)


class CacheAway(Exception):
    """The cache's Redis does not answer; the message is the one line that is printed."""

    def __init__(self, fault: str) -> None:
        super().__init__(
            f"the cache's Redis does not answer ({fault}): start it, or look at CACHE_REDIS_URL and REDIS_URL"
        )


def ask_redis() -> RedisVitals:
    """Return the vitals of the cache's Redis; CacheAway."""
    redis = redis_vitals.ask(redis_vitals.FORGETS, get_settings().cache_redis_url)
    if isinstance(redis, RedisAway):
        raise CacheAway(redis.fault)
    return redis


def statistics(last: timedelta) -> CacheStatistics:
    """Return the statistics of the `last` time up to now; CacheAway."""
    redis = ask_redis()
    now = clock.now()
    seen = dashboard.get_dashboard(periods.period_of(now=now, begin=now - last))
    counted = {cache.group: cache for cache in seen.caches}
    groups = [
        _group(counted.pop(each.group, _nothing(each.group)), each.keys, each.bytes) for each in maintenance.contents()
    ]
    groups += [_group(counts, None, None) for counts in counted.values()]
    return CacheStatistics(seen.period, groups, redis, seen.is_complete)


def _nothing(group: str) -> CacheOut:
    return CacheOut(group, 0, 0, 0, 0, None, None)


def _group(counts: CacheOut, keys: int | None, size: int | None) -> GroupStatistics:
    return GroupStatistics(
        group=counts.group,
        hits=counts.hits,
        misses=counts.misses,
        stale=counts.stale,
        errors=counts.errors,
        hit_share=counts.hit_share,
        keys=keys,
        bytes=size,
    )
