"""Maintenance of the response cache: contents, clearing, warming, trimming."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import current_app
from redis import RedisError

from falconbus.platform.caching import groups
from falconbus.platform.caching.groups import Group
from falconbus.platform.caching.response_cache import REFILL, ResponseCache
from falconbus.platform.caching.serializing import PREFIX
from falconbus.platform.jobs import Job, Queue

WARM_CACHES = Job("caching.warm", Queue.DEFAULT)

#: How many responses of a group are kept warm: they are refreshed when they stay fresh for fewer than so many seconds.
WARMED_PER_GROUP = 50
EXPIRING_WITHIN = 17.0
_SCAN_PAGE = 500


@dataclass(frozen=True, slots=True)
class GroupContents:
    """Number and bytes of the keys that Redis holds of a group; None when Redis is away."""

    group: str
    keys: int | None
    bytes: int | None


def contents() -> list[GroupContents]:
    """Return the contents of each group."""
    cache = _cache()
    try:
        return [_contents_of(cache, group) for group in groups.registered()]
    except RedisError:
        return [GroupContents(group.name, None, None) for group in groups.registered()]


def clear(chosen: Iterable[Group]) -> None:
    """Invalidate every cached response of these groups."""
    _cache().versions.announce([group.tag for group in chosen])


def warm() -> int:
    """Refresh the most requested responses that expire soon; return how many were requested."""
    cache, client = _cache(), current_app.test_client()
    requested = 0
    for group in groups.registered():
        for address in cache.popularity.most_requested(group, WARMED_PER_GROUP):
            client.get(address, environ_overrides={REFILL: EXPIRING_WITHIN})
            requested += 1
    return requested


def keep_warm() -> None:
    """Warm the caches and let popularity decay; do nothing while Redis is away. Beat calls it every few seconds."""
    try:
        warm()
        _cache().popularity.decay()
    except RedisError:
        return


def trim() -> None:
    """Delete versions that no cached response can refer to any more."""
    cache = _cache()
    cache.versions.trim(cache.redis)


def _contents_of(cache: ResponseCache, group: Group) -> GroupContents:
    keys, size = 0, 0
    cursor = 0
    while True:
        cursor, page = cache.redis.scan(cursor, match=f"{PREFIX}{group}:*", count=_SCAN_PAGE)
        if page:
            with cache.redis.pipeline(transaction=False) as pipeline:
                for key in page:
                    pipeline.strlen(key)
                size += sum(pipeline.execute())
            keys += len(page)
        if not cursor:
            return GroupContents(group.name, keys, size)


def _cache() -> ResponseCache:
    cache: ResponseCache = current_app.extensions["response_cache"]
    return cache
