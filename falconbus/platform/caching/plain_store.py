"""Entries of the plain groups, kept by Flask-Caching: lists that change seldom and cost one short statement to make."""

from cachelib.serializers import BaseSerializer
from flask import Flask
from flask_caching import Cache
from redis import RedisError

from falconbus.platform.caching import serializing
from falconbus.platform.caching.entries import CachedResponse, Entry
from falconbus.platform.caching.groups import get_group
from falconbus.platform.caching.versions import Versions


class _EntrySerializer(BaseSerializer):
    """Encoding of entries for Flask-Caching, whose own would be pickles."""

    def dumps(self, value: Entry, protocol: int = 0) -> bytes:  # noqa: ARG002  cachelib's signature
        return serializing.dump(value)

    def loads(self, bvalue: bytes | None) -> Entry | None:
        return serializing.load(bvalue)


class PlainStore:
    """Entries in Flask-Caching: everybody who misses one may make it; RedisError when Redis is away."""

    def __init__(self, app: Flask, versions: Versions, url: str) -> None:
        self._versions = versions
        self._cache = Cache(
            app,
            config={
                "CACHE_TYPE": "RedisCache",
                "CACHE_REDIS_URL": url,
                "CACHE_KEY_PREFIX": serializing.PREFIX,
                "CACHE_SERIALIZER": _EntrySerializer(),
                "CACHE_OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25},
            },
        )

    def find(self, key: str) -> Entry | None:
        """Return the entry of `key`, whether it is still current or not."""
        entry: Entry | None = self._cache.get(key)
        return entry

    def acquire(self, key: str) -> tuple[bool, Entry | None]:
        """Return that the caller may make the response, and the entry that there is."""
        return True, self.find(key)

    def put(self, key: str, response: CachedResponse) -> Entry:
        """Store a response with its tags' present versions."""
        versions = self._versions.lookup(response.tags)
        if versions is None:
            raise RedisError("the versions cannot be known")
        entry = Entry(response, versions)
        group = get_group(response.group)
        self._cache.set(key, entry, timeout=int(group.fresh + group.stale))
        return entry

    def release(self, key: str) -> None:
        """Do nothing: nobody waits."""
