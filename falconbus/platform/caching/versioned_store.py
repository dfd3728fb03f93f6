"""Entries of groups whose responses cost much to make: one caller makes each, in two round trips to Redis.

The plain groups are kept by Flask-Caching (plain_store.py).
"""

import threading
import time
from collections.abc import Callable

from redis import RedisError

from falconbus.platform.caching import serializing, versions
from falconbus.platform.caching.entries import CachedResponse, Entry
from falconbus.platform.caching.groups import get_group
from falconbus.platform.caching.serializing import PREFIX
from falconbus.platform.kit.redis_connection import RedisConnection

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


class VersionedStore:
    """Entries in Redis, with a lock per key for the one caller that makes it; RedisError when Redis is away."""

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection
        self._in_progress: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def find(self, key: str) -> Entry | None:
        """Return the entry of `key`, whether it is still current or not."""
        (stored,) = self._connection.execute(("GET", PREFIX + key))
        return serializing.load(stored)

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
        return bool(is_maker), serializing.load(stored)

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
                    serializing.encode(response),
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
