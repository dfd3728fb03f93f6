"""A kept answer, and the memory of this process that stands before Redis."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from falconbus.platform.caching.groups import Group, get_group
from falconbus.platform.caching.versions import SETTLED_AFTER, are_settled
from falconbus.platform.kit import clock


class Answer(msgspec.Struct, array_like=True):
    """What a view has answered, the tags it depends on, and when it began to be made (seconds since 1970)."""

    group: str
    body: bytes
    etag: str
    tags: list[str]
    made_at: float


@dataclass(slots=True)
class Entry:
    """An answer with the versions that its tags had. Its life is cut short when one may not be committed yet."""

    answer: Answer
    versions: dict[str, str]
    fresh: float = field(init=False)
    stale: float = field(init=False)

    def __post_init__(self) -> None:
        group = self._group
        settled = are_settled(self.versions, at=self.answer.made_at)
        self.fresh, self.stale = (group.fresh, group.stale) if settled else (SETTLED_AFTER, 0.0)

    @property
    def _group(self) -> Group:
        return get_group(self.answer.group)

    @classmethod
    def of(cls, answer: Answer, versions: Sequence[str]) -> "Entry":
        """From the versions in the order of the answer's tags."""
        return cls(answer, dict(zip(answer.tags, versions, strict=True)))

    def left(self) -> float:
        """For how many seconds it stays fresh."""
        return self.fresh - (clock.now().timestamp() - self.answer.made_at)

    def is_of_use(self) -> bool:
        """Fresh, or to be served while another is made."""
        return self.left() > -self.stale

    def cache_control(self) -> str:
        """How long a browser or a CDN may keep it."""
        return f"public, max-age={max(0, min(self._group.shared, int(self.left())))}"


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
            self._bytes += len(entry.answer.body)
            while len(self._entries) > self._most or self._bytes > self._most_bytes:
                self._forget(next(iter(self._entries)))

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def _forget(self, key: str) -> None:
        old = self._entries.pop(key, None)
        if old is not None:
            self._bytes -= len(old.answer.body)
