"""One caller makes a missing answer; the others wait for it, in this process and in all of them."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from redis import Redis, RedisError

T = TypeVar("T")

#: How long others wait for the one, and how long a maker that died keeps the place taken.
PATIENCE = 1.0
_TAKEN_MS = 3000
_GLANCE = 0.02


class Flights:
    """Who is making what."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._local: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def take_off(self, key: str) -> bool:
        """Whether the caller is the one to make the answer; if so it must land()."""
        with self._lock:
            if key in self._local:
                return False
            self._local[key] = threading.Event()
        try:
            if self._redis.set(_name(key), b"", nx=True, px=_TAKEN_MS):
                return True
        except RedisError:
            return True
        self._land_here(key)
        return False

    def land(self, key: str) -> None:
        """The answer is there, or will not be: let the others go on."""
        self._land_here(key)
        with suppress(RedisError):
            self._redis.delete(_name(key))

    def wait_for(self, key: str, look: Callable[[], T | None]) -> T | None:
        """What `look` finds once somebody has made it; None when it takes too long."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            event = self._local.get(key)
            if event is not None:
                event.wait(deadline - time.monotonic())
            else:
                time.sleep(_GLANCE)
            if (found := look()) is not None:
                return found
        return None

    def _land_here(self, key: str) -> None:
        with self._lock:
            event = self._local.pop(key, None)
        if event is not None:
            event.set()


def _name(key: str) -> str:
    return f"cache:making:{key}"
