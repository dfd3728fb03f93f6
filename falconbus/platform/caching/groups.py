"""Groups of cached responses: how long the responses of each live. A feature lists its own in a cache_groups.py."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A named group with its lifetimes in seconds.

    Within `fresh` a response is served as it is; within `stale` after that it is served while one caller makes a new
    one. Neither when its data has changed. `shared` is how long a CDN may keep it. A plain group's responses are so
    cheap to make that everybody who misses one makes it (plain_store.py).
    """

    name: str
    fresh: float
    stale: float
    shared: int
    is_plain: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def tag(self) -> str:
        """Return the tag that every response of the group depends on; announcing it clears the group."""
        return f"group:{self.name}"


_known: dict[str, Group] = {}


def register(groups: Iterable[Group]) -> None:
    """Let these groups be warmed, shown and cleared; called for each feature when the app is made."""
    _known.update({group.name: group for group in groups})


def registered() -> Collection[Group]:
    """Return every group that a feature has registered."""
    return _known.values()


def find_group(name: str) -> Group | None:
    """Return the group of a name; None for one that no feature has registered."""
    return _known.get(name)


def get_group(name: str) -> Group:
    """Return the group of a name; KeyError for one that no feature has registered."""
    return _known[name]
