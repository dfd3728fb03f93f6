"""Polls the live numbers from Redis at most once a second, shared by all who ask."""

import threading
import time

from redis import Redis

from falconbus.live.performance import LiveNumbers, Window
from falconbus.platform.kit import clock
from falconbus.platform.telemetry import store

#: One poll serves all who ask within this many seconds.
POLL_SECONDS = 1.0


class NumbersPoller:
    """The latest live numbers in one process; thread-safe."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._window = Window()
        self._lock = threading.Lock()
        self._polled_at = 0.0
        self._numbers: LiveNumbers | None = None

    def numbers(self) -> LiveNumbers:
        """Return the numbers, not older than POLL_SECONDS; RedisError while Redis is away."""
        with self._lock:
            if self._numbers is None or time.monotonic() - self._polled_at >= POLL_SECONDS * 0.9:
                at = clock.now().timestamp()
                present = int(at // 60 * 60)
                minutes = {minute: store.read_minute(self._redis, minute) for minute in (present - 60, present)}
                self._numbers = self._window.update(minutes, at, store.count_processes(self._redis))
                self._polled_at = time.monotonic()
            return self._numbers
