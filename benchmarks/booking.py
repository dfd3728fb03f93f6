"""Holding seats: key, offer, booking, claims, passengers, journey, tickets; against a floor that writes the same."""

import random
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from benchmarks import line, loading
from benchmarks.load import Source, drive, post
from benchmarks.places import Databases
from benchmarks.report import Goal, Report
from benchmarks.rounds import RunFailed, Side, alternate, processor_ratio, ratio
from benchmarks.web import FLOOR, OURS, Web

REACH = 0.5
RATE = 240
P95_MS = 100
_KINDS = ("adult", "adult", "adult", "student", "senior", "child")
_TABLES = ("bookings", "passengers", "journeys", "tickets", "seat_claims", "idempotency_keys")
_COMPARED = 50


def run(databases: Databases, *, seconds: float, clients: int) -> Report:
    """Both sides book on the same departures, in the same tables, in turns."""
    loading.ensure(databases, "line", line.SEARCH)
    url = databases.make("booking", template="line")
    orders = Orders(url)
    settings = databases.settings("booking")
    with Web("floor", FLOOR, settings) as floor, Web("ours", OURS, settings) as ours:
        check_same_rows(url, orders, ours, floor)
        sides = [Side(ours, orders.source), Side(floor, orders.source)]
        alternate(sides, clients=clients, seconds=seconds)
    own = sides[0].figures()
    return Report(
        "booking",
        rows=[side.figures() for side in sides],
        goals=[
            Goal("holds a second, of the floor's", ratio(sides[0].rates, sides[1].rates), REACH),
            Goal("holds a second", own["per_second"], RATE),
            Goal("p95 in milliseconds", own["p95_ms"], P95_MS, at_most=True),
        ],
        notes=[
            f"automatic seats, 1 to 3 passengers, {len(orders.departures):,} departures, {clients} clients",
            f"a request costs {processor_ratio(*sides):.2f} times the floor's processor time",
        ],
    )


class Orders:
    """Holds as travellers make them: some departure, some stretch of its way, one to three people, any seats."""

    def __init__(self, url: str) -> None:
        self.departures = departures(url)

    def source(self, seed: int) -> Source:
        """Requests without end. Their keys are never the same: two sides that share tables must not share answers."""
        chance, keys = random.Random(seed), random.SystemRandom()
        return lambda: self.order(chance, keys)

    def order(self, chance: random.Random, keys: random.Random) -> bytes:
        schedule_id, stops = chance.choice(self.departures)
        first = chance.randrange(len(stops) - 1)
        past = chance.randrange(first + 1, len(stops))
        body = {
            "journeys": [{"schedule_id": schedule_id, "origin": stops[first], "destination": stops[past]}],
            "passengers": [
                {"name": f"Thandi Nkosi {number}", "type": chance.choice(_KINDS)}
                for number in range(chance.randint(1, 3))
            ],
            "contact": {"email": f"traveller{chance.randrange(10**6)}@example.com", "phone": "+27 11 555 0100"},
        }
        return post("/api/v1/bookings", msgspec.json.encode(body), str(UUID(int=keys.getrandbits(128))))


_DEPARTURES = """
    SELECT s.id, array_agg(stops.code ORDER BY rs.position)
    FROM schedules s JOIN route_stops rs USING (route_id) JOIN stops ON stops.id = rs.stop_id
    WHERE s.departure_time > now() + interval '1 day' GROUP BY s.id ORDER BY s.id
"""
#: A schedule's id and the codes of its stops.
Departure = tuple[int, list[str]]


def departures(url: str) -> list[Departure]:
    """Every departure from tomorrow on."""
    with psycopg.connect(url) as connection:
        return [(schedule_id, stops) for schedule_id, stops in connection.execute(_DEPARTURES).fetchall()]


def check_same_rows(url: str, orders: Orders, ours: Web, floor: Web) -> None:
    """RunFailed unless the same orders make the same number of rows in every table."""
    made = []
    for web in (ours, floor):
        before = _count(url)
        left = iter([orders.order(random.Random(number), random.SystemRandom()) for number in range(_COMPARED)])
        load = drive(web.port, lambda left=left: next(left, None), clients=1)  # type: ignore[misc]
        if load.errors:
            raise RunFailed(f"{web.name} answered {load.refusals[0]!r}")
        made.append({table: after - before[table] for table, after in _count(url).items()})
    if made[0] != made[1]:
        raise RunFailed(f"ours wrote {made[0]}, the floor {made[1]}")


def _count(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        return {table: _one(connection, f"SELECT count(*) FROM {table}") for table in _TABLES}


def _one(connection: psycopg.Connection[Any], question: str) -> int:
    row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return int(row[0])
