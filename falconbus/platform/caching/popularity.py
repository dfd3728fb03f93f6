"""Which answers are asked for often: counted in process, added up in Redis every few seconds, for warming."""

import threading
import time
from collections import Counter
from contextlib import suppress

from redis import Redis, RedisError

from falconbus.platform.caching.groups import Group, registered

#: A process tells Redis so often, and counts so many addresses meanwhile.
_SECONDS = 5.0
_MOST = 1000
#: What is kept in Redis, and how quickly it is forgotten: each round of warming leaves this share.
_KEPT = 500
FADING = 0.8


class Popularity:
    """Counts of full addresses by group."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._counts: Counter[tuple[Group, str]] = Counter()
        self._told = time.monotonic()
        self._lock = threading.Lock()

    def note(self, group: Group, address: str) -> None:
        """An answer was asked for."""
        with self._lock:
            if len(self._counts) < _MOST:
                self._counts[group, address] += 1
            if time.monotonic() - self._told < _SECONDS:
                return
            self._told = time.monotonic()
            counts, self._counts = self._counts, Counter()
        self._tell(counts)

    def favourites(self, group: Group, most: int) -> list[str]:
        """The addresses asked for most, the most wanted first."""
        members: list[bytes] = self._redis.zrevrange(_name(group), 0, most - 1)  # type: ignore[assignment]
        return [member.decode() for member in members]

    def fade(self) -> None:
        """Let what was popular yesterday make room."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for group in registered():
                pipeline.zunionstore(_name(group), {_name(group): FADING})
                pipeline.zremrangebyscore(_name(group), "-inf", 0.5)
                pipeline.zremrangebyrank(_name(group), 0, -_KEPT - 1)
            pipeline.execute()

    def _tell(self, counts: Counter[tuple[Group, str]]) -> None:
        with suppress(RedisError), self._redis.pipeline(transaction=False) as pipeline:
            for (group, address), count in counts.items():
                pipeline.zincrby(_name(group), count, address)
            pipeline.execute()


def _name(group: Group) -> str:
    return f"cache:popular:{group}"
