"""A synthetic network of any size. All regions are alike, so more data never means longer responses."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True)
class NetworkSize:
    """The size: `trips` daily timetables a region; each future departure within `days` is sold to `parties`."""

    regions: int
    cities: int
    routes: int
    trips: int
    past_days: int
    days: int
    parties: int = 10

    @property
    def schedules(self) -> int:
        return self.regions * self.trips * (self.past_days + self.days)


@dataclass(frozen=True, order=True)
class StopPair:
    """Two stops that a route serves in this order, with their cities."""

    origin: str
    destination: str
    origin_city: str
    destination_city: str


SEARCH = NetworkSize(regions=1, cities=40, routes=300, trips=400, past_days=0, days=60)
SMALL = NetworkSize(regions=1, cities=20, routes=50, trips=100, past_days=70, days=30)
LARGE = NetworkSize(regions=10, cities=20, routes=50, trips=100, past_days=970, days=30)
HUGE = NetworkSize(regions=100, cities=20, routes=50, trips=100, past_days=970, days=30)


def stop_pairs(size: NetworkSize) -> list[StopPair]:
    """Return every pair of stops, of two cities, that some route serves."""
    pairs: set[StopPair] = set()
    for calls in routes(size):
        for index, call in enumerate(calls):
            pairs.update(_stop_pair(call.stop, later.stop) for later in calls[index + 1 :])
    return sorted(pair for pair in pairs if pair.origin_city != pair.destination_city)


@dataclass(frozen=True)
class Call:
    """A stop of a route, with metres and minutes from the first one."""

    stop: int
    metres: int
    minutes: int


def routes(size: NetworkSize) -> Iterator[list[Call]]:
    """Yield routes of four to eight stops, each within its region; deterministic."""
    rng = random.Random(1)
    for region in range(size.regions):
        for _ in range(size.routes):
            stops = rng.sample(range(size.cities), rng.randint(4, 8))
            metres = accumulate([0] + [1000 * rng.randint(40, 180) for _ in stops[1:]])
            first = 1 + region * size.cities
            yield [
                Call(first + stop, distance, distance * 60 // 80_000)
                for stop, distance in zip(stops, metres, strict=True)
            ]


def _stop_pair(origin: int, destination: int) -> StopPair:
    return StopPair(stop_code(origin), stop_code(destination), stop_city(origin), stop_city(destination))


def stop_code(stop: int) -> str:
    """Return the code of a stop by its number."""
    return f"S{stop:05}"


def stop_city(stop: int) -> str:
    """Return a stop's city; every fifth stop is the second of its neighbour's city."""
    return f"City {stop - (stop % 5 == 0):05}"
