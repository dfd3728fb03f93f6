"""Which cached addresses are requested often: counted in process, added up in Redis every few seconds, for warming."""

import threading
import time
from collections import Counter
from contextlib import suppress

from redis import Redis, RedisError

from falconbus.platform.caching.groups import Group, registered

#: Seconds between a process's writes to Redis, and how many addresses it counts meanwhile.
_FLUSH_INTERVAL = 5.0
_MAX_COUNTED = 1000
#: Addresses kept in Redis for each group, and the share of its count that each round of warming leaves.
_MAX_KEPT = 500
DECAY = 0.8


class Popularity:
    """Request counts of addresses, path and query, by group."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._counts: Counter[tuple[Group, str]] = Counter()
        self._flushed_at = time.monotonic()
        self._lock = threading.Lock()

    def count(self, group: Group, address: str) -> None:
        """Count one request for `address`; send the counts to Redis every few seconds."""
        with self._lock:
            if len(self._counts) < _MAX_COUNTED:
                self._counts[group, address] += 1
            if time.monotonic() - self._flushed_at < _FLUSH_INTERVAL:
                return
            self._flushed_at = time.monotonic()
            counts, self._counts = self._counts, Counter()
        self._flush(counts)

    def most_requested(self, group: Group, limit: int) -> list[str]:
        """Return the `limit` addresses of a group with the highest counts, highest first."""
        members: list[bytes] = self._redis.zrevrange(_key(group), 0, limit - 1)  # type: ignore[assignment]
        return [member.decode() for member in members]

    def decay(self) -> None:
        """Multiply all counts by DECAY, and drop the lowest."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for group in registered():
                pipeline.zunionstore(_key(group), {_key(group): DECAY})
                pipeline.zremrangebyscore(_key(group), "-inf", 0.5)
                pipeline.zremrangebyrank(_key(group), 0, -_MAX_KEPT - 1)
            pipeline.execute()

    def _flush(self, counts: Counter[tuple[Group, str]]) -> None:
        with suppress(RedisError), self._redis.pipeline(transaction=False) as pipeline:
            for (group, address), count in counts.items():
                pipeline.zincrby(_key(group), count, address)
            pipeline.execute()


def _key(group: Group) -> str:
    return f"cache:popular:{group}"
