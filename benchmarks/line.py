"""A bus line of any size, loaded in bulk: regions that are alike, so that more data never means longer answers."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.places import ROOT, Databases

ZONE = "Africa/Johannesburg"
CAPACITY = 49
_COACHES = 200
_BULK = (Path(__file__).parent / "line.sql").read_text()


@dataclass(frozen=True)
class Size:
    """How much: in each region `trips` timetables, run daily; the departures of `days` to come have sold to `parties`."""

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
class Ride:
    """Two stops that a route joins, with their cities: something to search for."""

    origin: str
    destination: str
    origin_city: str
    destination_city: str


SEARCH = Size(regions=1, cities=40, routes=300, trips=400, past_days=0, days=60)
SMALL = Size(regions=1, cities=20, routes=50, trips=100, past_days=70, days=30)
LARGE = Size(regions=10, cities=20, routes=50, trips=100, past_days=970, days=30)
HUGE = Size(regions=100, cities=20, routes=50, trips=100, past_days=970, days=30)


def ensure(databases: Databases, name: str, size: Size) -> None:
    """See to it that the database `name` holds a line of that size, loaded today by the present migrations."""
    newest = max(path.name for path in (ROOT / "migrations" / "versions").glob("*.py"))
    stamp = f"{size} {newest} {databases.today()}"
    if databases.stamp(name) == stamp:
        return
    print(f"loading {size.schedules:,} schedules ...", flush=True)
    databases.make(name)
    databases.migrate(name)
    with psycopg.connect(databases.url(name)) as connection:
        _load(connection, size)
    with psycopg.connect(databases.url(name), autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
    databases.stamp_as(name, stamp)


def rides(size: Size) -> list[Ride]:
    """Every pair of stops, of two cities, that some route of the line joins."""
    found: set[Ride] = set()
    for calls in _routes(size):
        for index, call in enumerate(calls):
            found.update(_ride(call.stop, later.stop) for later in calls[index + 1 :])
    return sorted(ride for ride in found if ride.origin_city != ride.destination_city)


@dataclass(frozen=True)
class _Call:
    """A stop on a route's way, with metres and minutes from the first one."""

    stop: int
    metres: int
    minutes: int


def _routes(size: Size) -> Iterator[list[_Call]]:
    """Routes of four to eight stops, each within its region, the same ones every time."""
    chance = random.Random(1)
    for region in range(size.regions):
        for _ in range(size.routes):
            stops = chance.sample(range(size.cities), chance.randint(4, 8))
            metres = accumulate([0] + [1000 * chance.randint(40, 180) for _ in stops[1:]])
            first = 1 + region * size.cities
            yield [_Call(first + stop, far, far * 60 // 80_000) for stop, far in zip(stops, metres, strict=True)]


def _ride(origin: int, destination: int) -> Ride:
    return Ride(_code(origin), _code(destination), _city(origin), _city(destination))


def _code(stop: int) -> str:
    return f"S{stop:05}"


def _city(stop: int) -> str:
    """Every fifth stop is the second one of its neighbour's city."""
    return f"City {stop - (stop % 5 == 0):05}"


def _load(connection: psycopg.Connection, size: Size) -> None:
    # Foreign keys are not checked row by row: the bulk is right by construction.
    connection.execute("SET LOCAL session_replication_role = replica")
    fare_classes = [(1, "standard", "Standard", 100), (2, "comfort", "Comfort", 150)]
    _copy(connection, "fare_classes", ("id", "code", "name", "price_percent"), fare_classes)
    _copy(connection, "seat_layouts", ("id", "code", "name", "capacity"), [(1, "coach", "Coach", CAPACITY)])
    _copy(connection, "seats", ("layout_id", "number", "row", "column", "fare_class_id"), _seats())
    buses = [(number, f"FB-{number}", 1) for number in range(1, _COACHES + 1)]
    _copy(connection, "buses", ("id", "number", "layout_id"), buses)
    _copy(
        connection, "calendars", ("id", "weekdays", "valid_from", "valid_until"), [(1, 127, "2000-01-01", "2099-12-31")]
    )
    stops = [(stop, _code(stop), f"{_city(stop)}, Station {stop}", _city(stop), ZONE)
             for stop in range(1, size.regions * size.cities + 1)]  # fmt: skip
    _copy(connection, "stops", ("id", "code", "name", "city", "time_zone"), stops)
    _load_routes(connection, size)
    connection.execute(_BULK.replace(":past_days", str(size.past_days)).replace(":days", str(size.days))
                       .replace(":parties", str(size.parties)).replace(":capacity", str(CAPACITY)))  # fmt: skip


def _load_routes(connection: psycopg.Connection, size: Size) -> None:
    routes = list(_routes(size))
    columns = ("id", "name", "origin_id", "destination_id", "base_price", "currency", "distance_m", "duration_minutes")
    _copy(connection, "routes", columns, [
        (number, f"Line {number}", calls[0].stop, calls[-1].stop, calls[-1].metres // 20, "ZAR", calls[-1].metres,
         calls[-1].minutes) for number, calls in enumerate(routes, start=1)])  # fmt: skip
    _copy(connection, "route_stops", ("route_id", "position", "stop_id", "distance_m"), [
        (number, position, call.stop, call.metres)
        for number, calls in enumerate(routes, start=1) for position, call in enumerate(calls)])  # fmt: skip
    columns = ("id", "route_id", "calendar_id", "bus_id", "departure_minutes", "time_zone", "arrivals", "departures",
               "boards", "alights")  # fmt: skip
    _copy(connection, "timetables", columns, _timetables(size, routes))


def _timetables(size: Size, routes: Sequence[list[_Call]]) -> Iterator[tuple[Any, ...]]:
    """Trips go round the region's routes, an odd number of minutes apart, from five in the morning."""
    for number in range(size.regions * size.trips):
        region, trip = divmod(number, size.trips)
        route = region * size.routes + trip % size.routes
        minutes = [call.minutes for call in routes[route]]
        leaves = [*(at + 5 * (at > 0) for at in minutes[:-1]), minutes[-1]]
        yes = [True] * len(minutes)
        at = 300 + trip * 7 % 900
        yield number + 1, route + 1, 1, 1 + number % _COACHES, at, ZONE, minutes, leaves, yes, yes


def _seats() -> Iterator[tuple[int, str, int, int, int]]:
    """Rows of 2 + 2, the first two rows comfort."""
    for number in range(CAPACITY):
        row, place = divmod(number, 4)
        yield 1, str(number + 1), row + 1, place + 1 + (place > 1), 2 if row < 2 else 1


def _copy(connection: psycopg.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with connection.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)) as copy:
        for row in rows:
            copy.write_row(row)
