"""The answers that all processes share, in Redis: two round trips for one that is made anew, none for a kept one."""

import threading
import time
from collections.abc import Callable

import msgspec
from cachelib.serializers import BaseSerializer
from flask import Flask
from flask_caching import Cache
from redis import RedisError

from falconbus.platform.caching import versions
from falconbus.platform.caching.entries import Answer, Entry
from falconbus.platform.caching.groups import get_group
from falconbus.platform.kit.redis_connection import RedisLine

PREFIX = "cache:answer:"
#: How long others wait for the one that makes an answer, and how long one that died keeps the place taken.
PATIENCE = 1.0
_TAKEN_MS = 3000
_GLANCE = 0.02

# Puts an answer down with the versions that its tags have now, which its maker is told. Kept is
# "<version>,<version>...\n<answer>"; what was never announced has the version of the memory of announcements itself.
_PUT = """
local born = redis.call('HGET', KEYS[1], ARGV[1])
if not born then
    born = ARGV[2]
    redis.call('HSET', KEYS[1], ARGV[1], born)
end
local found = redis.call('HMGET', KEYS[1], unpack(ARGV, 5))
for place = 1, #found do
    found[place] = found[place] or born
end
local head = table.concat(found, ',')
redis.call('SET', KEYS[2], head .. '\\n' .. ARGV[3], 'PX', ARGV[4])
redis.call('DEL', KEYS[3])
return head
"""


class _Encoding(BaseSerializer):
    """Answers in MessagePack: what a shared Redis holds is never executed, as a pickle would be."""

    def loads(self, bvalue: bytes | None) -> Entry | None:
        head, newline, answer = (bvalue or b"").partition(b"\n")
        if not newline:
            return None
        try:
            return Entry.of(msgspec.msgpack.decode(answer, type=Answer), head.decode().split(","))
        except (msgspec.MsgspecError, ValueError):
            return None


class Shelf:
    """Looking, taking the making of an answer upon oneself, putting it down; RedisError when Redis is away."""

    def __init__(self, app: Flask, line: RedisLine, url: str) -> None:
        self._line = line
        self._encoding = _Encoding()
        self._cache = Cache(
            app,
            config={
                "CACHE_TYPE": "RedisCache",
                "CACHE_REDIS_URL": url,
                "CACHE_KEY_PREFIX": PREFIX,
                "CACHE_SERIALIZER": self._encoding,
                "CACHE_OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25},
            },
        )
        self._making: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def find(self, key: str) -> Entry | None:
        """What is kept, whether it still holds or not."""
        entry: Entry | None = self._cache.get(key)
        return entry

    def take(self, key: str) -> tuple[bool, Entry | None]:
        """Whether the caller is the one to make the answer, and must put() or leave() it; and what is kept.

        In that order: what the one before has just put down is seen.
        """
        with self._lock:
            if key in self._making:
                return False, None
            self._making[key] = threading.Event()
        try:
            leads, kept = self._line.ask(("SET", _taken(key), b"", "NX", "PX", _TAKEN_MS), ("GET", PREFIX + key))
        except RedisError:
            self._let_go(key)
            raise
        if not leads:
            self._let_go(key)
        return bool(leads), self._encoding.loads(kept)

    def put(self, key: str, answer: Answer) -> Entry:
        """Keep an answer, and let the others have it."""
        policy = get_group(answer.group)
        try:
            keys = (versions.KEY, PREFIX + key, _taken(key))
            lasts_ms = int(1000 * (policy.fresh + policy.stale))
            born = (versions.BORN, versions.new_version(settled=True))
            (head,) = self._line.ask(
                ("EVAL", _PUT, len(keys), *keys, *born, msgspec.msgpack.encode(answer), lasts_ms, *answer.tags)
            )
        finally:
            self._let_go(key)
        return Entry.of(answer, head.decode().split(","))

    def leave(self, key: str) -> None:
        """There will be no answer: let somebody else try."""
        self._let_go(key)
        self._line.ask(("DEL", _taken(key)))

    def wait_for(self, key: str, look: Callable[[], Entry | None]) -> Entry | None:
        """What `look` finds once somebody has put it down; None when that takes too long."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            event = self._making.get(key)
            if event is not None:
                event.wait(deadline - time.monotonic())
            else:
                time.sleep(_GLANCE)
            if (found := look()) is not None:
                return found
        return None

    def _let_go(self, key: str) -> None:
        with self._lock:
            event = self._making.pop(key, None)
        if event is not None:
            event.set()


def _taken(key: str) -> str:
    return f"cache:making:{key}"
