"""One look at Redis a second, however many want to know."""

import threading
import time

from redis import Redis

from falconbus.live.performance import LiveNumbers, Window
from falconbus.platform.kit import clock
from falconbus.platform.telemetry import store

#: A look is shared by all who ask within so many seconds.
POLL_SECONDS = 1.0


class NumbersPoller:
    """The newest numbers of one process; any thread may ask."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._window = Window()
        self._lock = threading.Lock()
        self._polled_at = 0.0
        self._numbers: LiveNumbers | None = None

    def numbers(self) -> LiveNumbers:
        """The numbers, not older than POLL_SECONDS; RedisError while Redis is away."""
        with self._lock:
            if self._numbers is None or time.monotonic() - self._polled_at >= POLL_SECONDS * 0.9:
                at = clock.now().timestamp()
                present = int(at // 60 * 60)
                minutes = {minute: store.read_minute(self._redis, minute) for minute in (present - 60, present)}
                self._numbers = self._window.update(minutes, at)
                self._polled_at = time.monotonic()
            return self._numbers
