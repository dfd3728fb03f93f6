"""The groups of cached answers: what each is, and how long its answers last."""

from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    SEARCH = "search"
    STOPS = "stops"
    ROUTES = "routes"
    FARE_CLASSES = "fare_classes"


@dataclass(frozen=True, slots=True)
class Policy:
    """Seconds. Within `fresh` an answer is served as it is; within `stale` after that it is served while one caller
    makes a new one. Neither when something it tells of has changed. `shared` is how long a CDN may keep it."""

    fresh: float
    stale: float
    shared: int


#: A search tells of time as well: departures leave, holds run out without anybody's doing.
POLICIES = {
    Group.SEARCH: Policy(fresh=30, stale=30, shared=1),
    Group.STOPS: Policy(fresh=600, stale=3600, shared=30),
    Group.ROUTES: Policy(fresh=600, stale=3600, shared=30),
    Group.FARE_CLASSES: Policy(fresh=600, stale=3600, shared=30),
}


def tag_of(group: Group) -> str:
    """What every answer of a group depends on: a clear changes it."""
    return f"group:{group}"
