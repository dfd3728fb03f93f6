"""Loads a synthetic network into a database: small tables row by row, large ones in SQL (dataset.sql)."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks import network
from benchmarks.environment import ROOT, Databases
from benchmarks.network import Call, NetworkSize
from falconbus.network import folding

ZONE = "Africa/Johannesburg"
CAPACITY = 49
_BUS_COUNT = 200
_BULK_SQL = (Path(__file__).parent / "dataset.sql").read_text()


def ensure(databases: Databases, name: str, size: NetworkSize) -> None:
    """Ensure that the database `name` holds a network of that size, loaded today by this code."""
    newest = max(path.name for path in (ROOT / "migrations" / "versions").glob("*.py"))
    made_by = hashlib.sha256(Path(__file__).read_bytes() + _BULK_SQL.encode()).hexdigest()[:16]
    stamp = f"{size} {newest} {made_by} {databases.today()}"
    if databases.stamp(name) == stamp:
        return
    print(f"loading {size.schedules:,} schedules ...", flush=True)
    databases.create(name)
    databases.migrate(name)
    with psycopg.connect(databases.url(name)) as connection:
        load(connection, size)
    with psycopg.connect(databases.url(name), autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
    databases.set_stamp(name, stamp)


def load(connection: psycopg.Connection, size: NetworkSize) -> None:
    # Foreign keys are not checked: the rows are consistent by construction.
    connection.execute("SET LOCAL session_replication_role = replica")
    fare_classes = [(1, "standard", "Standard", 100), (2, "comfort", "Comfort", 150)]
    _copy(connection, "fare_classes", "id code name price_percent", fare_classes)
    _copy(connection, "seat_layouts", "id code name capacity", [(1, "coach", "Coach", CAPACITY)])
    _copy(connection, "seats", "layout_id number row column fare_class_id", _seats())
    buses = ((number, f"FB-{number}", 1) for number in range(1, _BUS_COUNT + 1))
    _copy(connection, "buses", "id number layout_id", buses)
    _copy(connection, "calendars", "id weekdays valid_from valid_until", [(1, 127, "2000-01-01", "2099-12-31")])
    _copy(connection, "stops", "id code name city time_zone city_key", _stops(size.regions * size.cities))
    routes = list(network.routes(size))
    columns = "id name origin_id destination_id base_price currency distance_m duration_minutes"
    _copy(connection, "routes", columns, (_route(number, calls) for number, calls in enumerate(routes, start=1)))
    _copy(connection, "route_stops", "route_id position stop_id distance_m", _route_stops(routes))
    columns = "id route_id calendar_id bus_id departure_minutes time_zone arrivals departures boards alights"
    _copy(connection, "timetables", columns, _timetables(size, routes))
    bulk = _BULK_SQL
    for name in ("past_days", "days", "parties"):
        bulk = bulk.replace(f":{name}", str(getattr(size, name)))
    connection.execute(bulk.replace(":capacity", str(CAPACITY)).encode())


def _seats() -> Iterator[Sequence[Any]]:
    """Yield seats in rows of 2 + 2, the first two rows comfort."""
    for number in range(CAPACITY):
        row, place = divmod(number, 4)
        yield 1, str(number + 1), row + 1, place + 1 + (place > 1), 2 if row < 2 else 1


def _stops(count: int) -> Iterator[Sequence[Any]]:
    for stop in range(1, count + 1):
        yield (
            stop,
            network.stop_code(stop),
            f"{network.stop_city(stop)}, Station {stop}",
            network.stop_city(stop),
            ZONE,
            folding.place_key(network.stop_city(stop)),
        )


def _route(number: int, calls: Sequence[Call]) -> Sequence[Any]:
    first, last = calls[0], calls[-1]
    return number, f"Line {number}", first.stop, last.stop, last.metres // 20, "ZAR", last.metres, last.minutes


def _route_stops(routes: Sequence[Sequence[Call]]) -> Iterator[Sequence[Any]]:
    for number, calls in enumerate(routes, start=1):
        for position, call in enumerate(calls):
            yield number, position, call.stop, call.metres


def _timetables(size: NetworkSize, routes: Sequence[Sequence[Call]]) -> Iterator[Sequence[Any]]:
    """Yield timetables: trips rotate through their region's routes, from five in the morning on."""
    for number in range(size.regions * size.trips):
        region, trip = divmod(number, size.trips)
        route = region * size.routes + trip % size.routes
        arrivals = [call.minutes for call in routes[route]]
        departures = [*(at + 5 * (at > 0) for at in arrivals[:-1]), arrivals[-1]]
        yes = [True] * len(arrivals)
        leaves = 300 + trip * 7 % 900
        yield number + 1, route + 1, 1, 1 + number % _BUS_COUNT, leaves, ZONE, arrivals, departures, yes, yes


def _copy(connection: psycopg.Connection, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns.split()))
    with connection.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)) as copy:
        for row in rows:
            copy.write_row(row)
