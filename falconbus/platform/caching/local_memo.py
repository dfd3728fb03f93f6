"""What a process knows of the database and need not read again while its tags have the versions that they had.

In memory only, and never asked for in Redis: a fact is worth less than a round trip.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from falconbus.platform.caching.versions import Versions, are_settled
from falconbus.platform.kit import clock

T = TypeVar("T")
_MOST = 2000


class Facts:
    """The facts used last; safe for threads, which share them: they are not to be changed."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._known: OrderedDict[str, tuple[Any, Mapping[str, str]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, tags: tuple[str, ...], read: Callable[[], T]) -> T:
        """What is known under a key, else what `read` gives: known from then on, unless something of it is changing.

        An answer made of a fact is as right as one made of the database half a second ago (versions.BELIEVED): a change
        that this process has not heard of is younger than that, so the answer's own versions are not settled either.
        """
        with self._lock:
            known = self._known.get(key)
        if known is not None and self._versions.are_current(known[1]):
            told: T = known[0]
            return told
        at = clock.now().timestamp()
        fact = read()
        versions = self._versions.of(tags)
        if versions is not None and are_settled(versions, at=at):
            with self._lock:
                self._known[key] = fact, versions
                self._known.move_to_end(key)
                while len(self._known) > _MOST:
                    self._known.popitem(last=False)
        return fact
