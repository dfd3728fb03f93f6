"""Addresses that are likely not cached yet: they ask for page sizes that nobody else uses."""

import random
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from falconbus.network.cache_groups import FARE_CLASSES, ROUTES
from falconbus.performance.cache_benchmark.queries import Ride
from falconbus.platform.caching.groups import Group
from falconbus.platform.database.pagination import LARGEST_PAGE, PAGE_SIZE
from falconbus.search.cache_groups import SEARCH, STOPS

_LISTS = {
    STOPS: "/api/v1/stops",
    ROUTES: "/api/v1/routes",
    FARE_CLASSES: "/api/v1/fare-classes",
}
#: The groups with addresses here.
BENCHMARKED_GROUPS = (SEARCH, *_LISTS)


def addresses(group: Group, rides: Sequence[Ride]) -> Iterator[str]:
    """Yield different addresses of a group, in random order."""
    chance = random.Random()  # noqa: S311  nothing secret
    sizes = chance.sample(range(PAGE_SIZE + 1, LARGEST_PAGE + 1), LARGEST_PAGE - PAGE_SIZE)
    if group in _LISTS:
        for size in sizes:
            yield f"{_LISTS[group]}?page_size={size}"
        return
    shuffled = chance.sample(rides, len(rides))
    for size in sizes:
        for ride in shuffled:
            asked = {"origin": ride.origin, "destination": ride.destination, "date": ride.day, "page_size": size}
            yield f"/api/v1/schedules?{urlencode(asked)}"
