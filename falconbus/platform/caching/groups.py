"""Groups of cached answers: how long the answers of each last. A feature lists its own in a cache_groups.py."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group by its name, and seconds.

    Within `fresh` an answer is served as it is; within `stale` after that it is served while one caller makes a new
    one. Neither when something it tells of has changed. `shared` is how long a CDN may keep it.
    """

    name: str
    fresh: float
    stale: float
    shared: int

    def __str__(self) -> str:
        return self.name

    @property
    def tag(self) -> str:
        """What every answer of the group depends on: a clear changes it."""
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
