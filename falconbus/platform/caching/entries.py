"""A cached response, and the in-process store that is asked before Redis."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from falconbus.platform.caching.groups import Group, get_group
from falconbus.platform.caching.versions import SETTLED_AFTER, are_settled
from falconbus.platform.kit import clock


class CachedResponse(msgspec.Struct, array_like=True):
    """The body that a view has returned, the tags it depends on, and when its making began (seconds since 1970)."""

    group: str
    body: bytes
    etag: str
    tags: list[str]
    made_at: float


@dataclass(slots=True)
class Entry:
    """A cached response with its tags' versions; kept only briefly when one of them may not be committed."""

    response: CachedResponse
    versions: dict[str, str]
    fresh: float = field(init=False)
    stale: float = field(init=False)

    def __post_init__(self) -> None:
        group = self._group
        settled = are_settled(self.versions, at=self.response.made_at)
        self.fresh, self.stale = (group.fresh, group.stale) if settled else (SETTLED_AFTER, 0.0)

    @property
    def _group(self) -> Group:
        return get_group(self.response.group)

    @classmethod
    def of(cls, response: CachedResponse, versions: Sequence[str]) -> "Entry":
        """Return an entry from the versions in the order of the response's tags."""
        return cls(response, dict(zip(response.tags, versions, strict=True)))

    def seconds_fresh(self) -> float:
        """Return for how many more seconds the entry is fresh; negative when it is stale."""
        return self.fresh - (clock.now().timestamp() - self.response.made_at)

    def is_servable(self) -> bool:
        """Return whether the entry is fresh, or stale but may be served while another is made."""
        return self.seconds_fresh() > -self.stale

    def cache_control(self) -> str:
        """Return the Cache-Control header: how long a browser or a CDN may keep the response."""
        return f"public, max-age={max(0, min(self._group.shared, int(self.seconds_fresh())))}"


class LocalEntries:
    """An LRU cache of entries in this process, bounded in number and bytes; thread-safe."""

    def __init__(self, max_entries: int = 500, max_bytes: int = 6_000_000) -> None:
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._max_entries, self._max_bytes = max_entries, max_bytes
        self._bytes = 0

    def get(self, key: str) -> Entry | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def put(self, key: str, entry: Entry) -> None:
        with self._lock:
            self._drop(key)
            self._entries[key] = entry
            self._bytes += len(entry.response.body)
            while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
                self._drop(next(iter(self._entries)))

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def _drop(self, key: str) -> None:
        old = self._entries.pop(key, None)
        if old is not None:
            self._bytes -= len(old.response.body)
