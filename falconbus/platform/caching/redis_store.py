"""The entries that all processes share, in Redis: two round trips to make a response, none for one kept in process."""

import threading
import time
from collections.abc import Callable

import msgspec
from cachelib.serializers import BaseSerializer
from flask import Flask
from flask_caching import Cache
from redis import RedisError

from falconbus.platform.caching import versions
from falconbus.platform.caching.entries import CachedResponse, Entry
from falconbus.platform.caching.groups import get_group
from falconbus.platform.kit.redis_connection import RedisConnection

PREFIX = "cache:answer:"
#: Seconds that others wait for the maker of a response; milliseconds until the lock of a maker that died expires.
MAX_WAIT = 1.0
_MAKER_LOCK_MS = 3000
_POLL_INTERVAL = 0.02

# Stores a response with the versions that its tags have now, and returns these. The value is
# "<version>,<version>...\n<response>"; a tag that was never announced has the version of the hash of versions itself.
_PUT_SCRIPT = """
local initial = redis.call('HGET', KEYS[1], ARGV[1])
if not initial then
    initial = ARGV[2]
    redis.call('HSET', KEYS[1], ARGV[1], initial)
end
local found = redis.call('HMGET', KEYS[1], unpack(ARGV, 5))
for place = 1, #found do
    found[place] = found[place] or initial
end
local head = table.concat(found, ',')
redis.call('SET', KEYS[2], head .. '\\n' .. ARGV[3], 'PX', ARGV[4])
redis.call('DEL', KEYS[3])
return head
"""


class _EntrySerializer(BaseSerializer):
    """Entries in MessagePack: unlike a pickle, what a shared Redis holds is never executed."""

    def loads(self, bvalue: bytes | None) -> Entry | None:
        head, newline, encoded = (bvalue or b"").partition(b"\n")
        if not newline:
            return None
        try:
            return Entry.of(msgspec.msgpack.decode(encoded, type=CachedResponse), head.decode().split(","))
        except (msgspec.MsgspecError, ValueError):
            return None


class RedisStore:
    """Entries in Redis, with a lock per key for the one caller that makes it; RedisError when Redis is away."""

    def __init__(self, app: Flask, connection: RedisConnection, url: str) -> None:
        self._connection = connection
        self._serializer = _EntrySerializer()
        self._cache = Cache(
            app,
            config={
                "CACHE_TYPE": "RedisCache",
                "CACHE_REDIS_URL": url,
                "CACHE_KEY_PREFIX": PREFIX,
                "CACHE_SERIALIZER": self._serializer,
                "CACHE_OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25},
            },
        )
        self._in_progress: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def find(self, key: str) -> Entry | None:
        """Return the entry of `key`, whether it is still current or not."""
        entry: Entry | None = self._cache.get(key)
        return entry

    def acquire(self, key: str) -> tuple[bool, Entry | None]:
        """Try to lock the making of a response; return whether the caller must put() or release() it, and the entry.

        The lock is taken before the entry is read, so that what its previous holder has just put is seen.
        """
        with self._lock:
            if key in self._in_progress:
                return False, None
            self._in_progress[key] = threading.Event()
        try:
            is_maker, stored = self._connection.execute(
                ("SET", _maker_lock(key), b"", "NX", "PX", _MAKER_LOCK_MS), ("GET", PREFIX + key)
            )
        except RedisError:
            self._wake_waiters(key)
            raise
        if not is_maker:
            self._wake_waiters(key)
        return bool(is_maker), self._serializer.loads(stored)

    def put(self, key: str, response: CachedResponse) -> Entry:
        """Store a response with its tags' present versions, and wake those who wait for it."""
        group = get_group(response.group)
        try:
            keys = (versions.KEY, PREFIX + key, _maker_lock(key))
            ttl_ms = int(1000 * (group.fresh + group.stale))
            initial = (versions.INITIAL, versions.new_version(settled=True))
            (head,) = self._connection.execute(
                (
                    "EVAL",
                    _PUT_SCRIPT,
                    len(keys),
                    *keys,
                    *initial,
                    msgspec.msgpack.encode(response),
                    ttl_ms,
                    *response.tags,
                )
            )
        finally:
            self._wake_waiters(key)
        return Entry.of(response, head.decode().split(","))

    def release(self, key: str) -> None:
        """Give up making the response: let somebody else try."""
        self._wake_waiters(key)
        self._connection.execute(("DEL", _maker_lock(key)))

    def wait_for(self, key: str, find: Callable[[], Entry | None]) -> Entry | None:
        """Call `find` until another caller has put the entry, and return it; None after MAX_WAIT seconds."""
        deadline = time.monotonic() + MAX_WAIT
        while time.monotonic() < deadline:
            event = self._in_progress.get(key)
            if event is not None:
                event.wait(deadline - time.monotonic())
            else:
                time.sleep(_POLL_INTERVAL)
            if (found := find()) is not None:
                return found
        return None

    def _wake_waiters(self, key: str) -> None:
        with self._lock:
            event = self._in_progress.pop(key, None)
        if event is not None:
            event.set()


def _maker_lock(key: str) -> str:
    return f"cache:making:{key}"
