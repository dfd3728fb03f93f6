"""Values read from the database, memoized in this process while the versions of their tags stay the same.

They are never kept in Redis: one of them costs less than a round trip.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from falconbus.platform.caching.versions import Versions, are_settled
from falconbus.platform.kit import clock

T = TypeVar("T")
_MAX_VALUES = 2000


class LocalMemo:
    """An LRU cache of values; thread-safe. Threads share the values, which must not be changed."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._values: OrderedDict[str, tuple[Any, Mapping[str, str]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, tags: tuple[str, ...], read: Callable[[], T]) -> T:
        """Return the value memoized under `key`, else what `read` returns; keep that unless a tag is changing.

        A response made of a memoized value is as right as one made of the database half a second ago
        (versions.TRUSTED_FOR): a change that this process has not heard of is younger than that, so the response's own
        versions are not settled either.
        """
        with self._lock:
            memoized = self._values.get(key)
        if memoized is not None and self._versions.are_current(memoized[1]):
            value: T = memoized[0]
            return value
        read_at = clock.now().timestamp()
        value = read()
        versions = self._versions.lookup(tags)
        if versions is not None and are_settled(versions, at=read_at):
            with self._lock:
                self._values[key] = value, versions
                self._values.move_to_end(key)
                while len(self._values) > _MAX_VALUES:
                    self._values.popitem(last=False)
        return value
