"""A kept answer, and the memory of this process that stands before Redis."""

import threading
from collections import OrderedDict

import msgspec

from falconbus.caching.groups import POLICIES, Group
from falconbus.kit import clock


class Entry(msgspec.Struct):
    """An answer's bytes, what they depend on, and when they were made (seconds since 1970)."""

    group: Group
    body: bytes
    etag: str
    versions: dict[str, str]
    made_at: float
    #: Cut short while a change may not have been committed yet.
    fresh: float
    stale: float

    def age(self) -> float:
        return clock.now().timestamp() - self.made_at

    def is_fresh(self) -> bool:
        return self.age() < self.fresh

    def is_of_use(self) -> bool:
        """Fresh, or to be served while another is made."""
        return self.age() < self.fresh + self.stale

    def cache_control(self) -> str:
        """How long a browser or a CDN may keep it."""
        left = max(0, min(POLICIES[self.group].shared, int(self.fresh - self.age())))
        return f"public, max-age={left}"


class Memory:
    """The entries used last, up to a number and a size in bytes; safe for threads."""

    def __init__(self, most: int = 500, most_bytes: int = 6_000_000) -> None:
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._most, self._most_bytes = most, most_bytes
        self._bytes = 0

    def get(self, key: str) -> Entry | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def put(self, key: str, entry: Entry) -> None:
        with self._lock:
            self._forget(key)
            self._entries[key] = entry
            self._bytes += len(entry.body)
            while len(self._entries) > self._most or self._bytes > self._most_bytes:
                self._forget(next(iter(self._entries)))

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def _forget(self, key: str) -> None:
        old = self._entries.pop(key, None)
        if old is not None:
            self._bytes -= len(old.body)
