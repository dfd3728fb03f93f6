"""Race of many clients for the same few seats: none is sold twice, but some are when the guard is off."""

import random
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from benchmarks import dataset, network
from benchmarks.booking import Departure, departures
from benchmarks.dataset import CAPACITY
from benchmarks.environment import Databases
from benchmarks.load_generator import LoadResult, drive, post
from benchmarks.paired_rounds import RunFailed
from benchmarks.report import Goal, Report
from benchmarks.server import OURS, UNGUARDED, WebServer

#: Enough to sell a coach out and be refused; then the crowd moves on to the next departures.
_ATTEMPTS_PER_WAVE = 600
_DEPARTURES_PER_WAVE = 2
_CONTROL_ATTEMPTS = 3_000
_NETWORK = network.NetworkSize(regions=1, cities=20, routes=50, trips=100, past_days=0, days=30, parties=0)

# Computed from the tickets, not from the claims, whose correctness is in question.
_OVERSOLD = """
    SELECT count(*) FROM (
        SELECT t.schedule_id, leg, t.seat_number
        FROM tickets t
        JOIN journeys j ON j.booking_id = t.booking_id AND j.number = t.journey_number
        JOIN bookings b ON b.id = t.booking_id
        CROSS JOIN LATERAL generate_series(j.origin_position, j.destination_position - 1) AS leg
        WHERE t.status <> 'cancelled' AND (b.status = 'confirmed' OR b.status = 'held' AND b.expires_at > now())
        GROUP BY t.schedule_id, leg, t.seat_number HAVING count(*) > 1) oversold
"""
_WITHOUT_GUARD = """
    ALTER TABLE seat_claims DROP CONSTRAINT pk_seat_claims;
    CREATE INDEX ix_seat_claims_unguarded ON seat_claims (schedule_id, leg, seat_number) INCLUDE (held_until);
"""


def run(databases: Databases, *, attempts: int, clients: int) -> Report:
    """Run the race, and its control with the guard off."""
    dataset.ensure(databases, "race_line", _NETWORK)
    row, oversold = _race(databases, "ours", OURS, attempts, clients)
    control, shown = _race(databases, "guard off", UNGUARDED, min(attempts, _CONTROL_ATTEMPTS), clients)
    return Report(
        "race",
        rows=[row, control],
        goals=[
            Goal("seats sold twice", oversold, 0, at_most=True),
            Goal("seats sold twice without the guard", shown, 1),
        ],
        notes=[f"{clients} clients; half choose their seats, half have them chosen; stretches overlap"],
    )


def _race(
    databases: Databases, name: str, program: tuple[str, str], attempts: int, clients: int
) -> tuple[dict[str, Any], int]:
    url = databases.create("race", template="race_line")
    if program is UNGUARDED:
        with psycopg.connect(url) as connection:
            connection.execute(_WITHOUT_GUARD)
    requests = _hold_requests(departures(url), attempts)
    with WebServer(name.replace(" ", "-"), program, databases.settings("race")) as web:
        load = drive(web.port, lambda: next(requests, None), clients=clients)
    with psycopg.connect(url) as connection:
        check_answers(load, _fetch_count(connection, "SELECT count(*) FROM bookings"))
        oversold = _fetch_count(connection, _OVERSOLD)
    row = {
        "side": name,
        "attempts": load.requests,
        "per_second": round(load.rate, 1),
        "p95_ms": round(load.percentile(95), 2),
        "sold": load.statuses[201],
        "refused": load.statuses[409],
        "oversold": oversold,
    }
    return row, oversold


def check_answers(load: LoadResult, bookings: int) -> None:
    """Check that each attempt was sold or refused, and that each sale is stored; RunFailed."""
    others = {status: count for status, count in load.statuses.items() if status not in {201, 409}}
    if others or load.statuses[201] != bookings:
        raise RunFailed(f"answers {dict(load.statuses)}, {bookings} bookings, first refusal {load.refusals[:1]!r}")


def _hold_requests(coaches: Sequence[Departure], attempts: int) -> Iterator[bytes]:
    """Yield holds for one to three passengers on the departures of the current wave."""
    rng = random.Random(1)
    for attempt in range(attempts):
        wave = attempt // _ATTEMPTS_PER_WAVE
        schedule_id, stops = coaches[(wave * _DEPARTURES_PER_WAVE + attempt % _DEPARTURES_PER_WAVE) % len(coaches)]
        origin = rng.randrange(len(stops) - 1)
        destination = rng.randrange(origin + 1, len(stops))
        people = rng.randint(1, 3)
        journey = {"schedule_id": schedule_id, "origin": stops[origin], "destination": stops[destination]}
        if rng.random() < 0.5:
            seat = rng.randint(9, CAPACITY - people)
            journey["seats"] = [str(seat + number) for number in range(people)]
        body = {
            "journeys": [journey],
            "passengers": [{"name": f"Traveller {number}"} for number in range(people)],
            "contact": {"email": "traveller@example.com"},
        }
        yield post("/api/v1/bookings", msgspec.json.encode(body), str(UUID(int=rng.getrandbits(128))))


def _fetch_count(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])
