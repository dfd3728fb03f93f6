"""Benchmark of holding seats (key, segment, booking, claims, passengers, journey, tickets) against the floor."""

import random
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from benchmarks import dataset, network
from benchmarks.environment import Databases
from benchmarks.load_generator import RequestSource, drive, post
from benchmarks.paired_rounds import RunFailed, Side, alternate, cpu_ratio, median_ratio
from benchmarks.report import Goal, Report
from benchmarks.server import FLOOR, OURS, WebServer

REACH = 0.5
RATE = 240
P95_MS = 100
_PASSENGER_TYPES = ("adult", "adult", "adult", "student", "senior", "child")
_TABLES = ("bookings", "passengers", "journeys", "tickets", "seat_claims", "idempotency_keys")
_COMPARED = 50


def run(databases: Databases, *, seconds: float, clients: int) -> Report:
    """Hold seats on both sides in turns, on the same departures and tables."""
    dataset.ensure(databases, "line", network.SEARCH)
    url = databases.create("booking", template="line")
    holds = HoldRequests(url)
    settings = databases.settings("booking")
    with WebServer("floor", FLOOR, settings) as floor, WebServer("ours", OURS, settings) as ours:
        check_same_rows(url, holds, ours, floor)
        sides = [Side(ours, holds.source), Side(floor, holds.source)]
        alternate(sides, clients=clients, seconds=seconds)
    own = sides[0].figures()
    return Report(
        "booking",
        rows=[side.figures() for side in sides],
        goals=[
            Goal("holds a second, of the floor's", median_ratio(sides[0].rates, sides[1].rates), REACH),
            Goal("holds a second", own["per_second"], RATE),
            Goal("p95 in milliseconds", own["p95_ms"], P95_MS, at_most=True),
        ],
        notes=[
            f"automatic seats, 1 to 3 passengers, {len(holds.departures):,} departures, {clients} clients",
            f"a request costs {cpu_ratio(*sides):.2f} times the floor's processor time",
        ],
    )


class HoldRequests:
    """Random hold requests: any departure and segment, one to three passengers, automatic seats."""

    def __init__(self, url: str) -> None:
        self.departures = departures(url)

    def source(self, seed: int) -> RequestSource:
        """Return an endless source of requests.

        Their idempotency keys are never the same: the sides share tables, and must not replay each other's responses.
        """
        rng, keys = random.Random(seed), random.SystemRandom()
        return lambda: self.request(rng, keys)

    def request(self, rng: random.Random, keys: random.Random) -> bytes:
        schedule_id, stops = rng.choice(self.departures)
        origin = rng.randrange(len(stops) - 1)
        destination = rng.randrange(origin + 1, len(stops))
        body = {
            "journeys": [{"schedule_id": schedule_id, "origin": stops[origin], "destination": stops[destination]}],
            "passengers": [
                {"name": f"Thandi Nkosi {number}", "type": rng.choice(_PASSENGER_TYPES)}
                for number in range(rng.randint(1, 3))
            ],
            "contact": {"email": f"traveller{rng.randrange(10**6)}@example.com", "phone": "+27 11 555 0100"},
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
    """Return every departure from tomorrow on."""
    with psycopg.connect(url) as connection:
        return [(schedule_id, stops) for schedule_id, stops in connection.execute(_DEPARTURES).fetchall()]


def check_same_rows(url: str, holds: HoldRequests, ours: WebServer, floor: WebServer) -> None:
    """Check that the same requests write the same number of rows to every table on both sides; RunFailed."""
    written = []
    for web in (ours, floor):
        before = _count(url)
        remaining = iter([holds.request(random.Random(number), random.SystemRandom()) for number in range(_COMPARED)])
        load = drive(web.port, lambda remaining=remaining: next(remaining, None), clients=1)  # type: ignore[misc]
        if load.errors:
            raise RunFailed(f"{web.name} answered {load.refusals[0]!r}")
        written.append({table: after - before[table] for table, after in _count(url).items()})
    if written[0] != written[1]:
        raise RunFailed(f"ours wrote {written[0]}, the floor {written[1]}")


def _count(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        return {table: _fetch_count(connection, f"SELECT count(*) FROM {table}") for table in _TABLES}


def _fetch_count(connection: psycopg.Connection[Any], query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])
