"""What the caches did over a period, by group, and what of them lies in Redis now."""

from datetime import timedelta

import msgspec
from flask import current_app

from falconbus.caching import tending
from falconbus.kit import clock
from falconbus.performance import redis_vitals
from falconbus.performance.dashboard import periods, reading, tracks
from falconbus.performance.dashboard.parts import Others
from falconbus.performance.dashboard.periods import Period
from falconbus.performance.dashboard.values import CacheOut, PeriodOut
from falconbus.performance.redis_vitals import RedisAway, RedisVitals
from falconbus.telemetry import state, tail


class GroupStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Look-ups of a group over the period (stale answers came from the cache too; errors found Redis away), and its
    answers in Redis now. `hit_share` is None when nothing was asked, `keys` and `bytes` when the group is no more."""

    group: str
    hits: int
    misses: int
    stale: int
    errors: int
    hit_share: float | None
    keys: int | None
    bytes: int | None


class CacheStatistics(msgspec.Struct, frozen=True):
    """Not complete: the newest minutes could not be read from Redis."""

    period: PeriodOut
    groups: list[GroupStatistics]
    redis: RedisVitals
    is_complete: bool

    @property
    def is_empty(self) -> bool:
        """Nobody has asked for anything that is cached."""
        return not any(group.hits + group.misses + group.stale + group.errors for group in self.groups)


def statistics(last: timedelta) -> CacheStatistics | RedisAway:
    """The figures of the time up to now; RedisAway when the cache's Redis does not answer."""
    redis = redis_vitals.ask(redis_vitals.FORGETS, current_app.config["SETTINGS"].cache_redis_url)
    if isinstance(redis, RedisAway):
        return redis
    now = clock.now()
    period = periods.period_of(now=now, begin=now - last)
    newest = tracks.within(tail.present(), period)
    counted = _counted(period, newest)
    groups = [
        _group(counted.pop(each.group, _nothing(each.group)), each.keys, each.bytes) for each in tending.contents()
    ]
    groups += [_group(counts, None, None) for counts in counted.values()]
    return CacheStatistics(period.out(), groups, redis, newest.is_complete)


def _counted(period: Period, newest: tail.Tail) -> dict[str, CacheOut]:
    others = Others()
    for key, track in reading.tracks_of(period, (state.CACHE,), newest):
        others.add(key, track.total())
    return {cache.group: cache for cache in sorted(others.caches, key=lambda cache: cache.group)}


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
