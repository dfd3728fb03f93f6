"""Claiming seats: taking them, keeping them for longer, giving them back. Of two who want one, one gets it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, text, update
from sqlalchemy.types import DateTime

from falconbus.inventory.cache_tags import seats_tags
from falconbus.inventory.models import SeatClaim
from falconbus.platform.caching.response_cache import changed
from falconbus.platform.database.driver_reads import driver_read
from falconbus.platform.database.engine import AnyRow, db


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """One seat on one leg of a schedule."""

    schedule_id: int
    leg: int
    seat_number: str
    #: The bus whose seat it is.
    bus_id: int
    #: The route whose leg it is.
    route_id: int


# One statement, in sorted order, so that two bookings never wait for each other in a circle. A claim whose hold has
# run out is taken over; a live one of somebody else keeps its row, and fewer rows than asked for come back. So they do
# when the schedule has got another bus or route since its seats were read, or is not on sale any more: the lock sees
# the row as it is after any wait.
_CLAIM = text("""
    WITH locked AS (
        SELECT id, bus_id, route_id, departure_time FROM schedules
        WHERE id = ANY(CAST(:schedules AS bigint[])) AND active ORDER BY id FOR KEY SHARE
    ), claimed AS (
        INSERT INTO seat_claims (schedule_id, leg, seat_number, booking_id, held_until)
        SELECT wanted.schedule_id, wanted.leg, wanted.seat_number, :booking_id, :held_until
        FROM unnest(CAST(:schedules AS bigint[]), CAST(:legs AS smallint[]), CAST(:seats AS text[]),
            CAST(:buses AS integer[]), CAST(:routes AS integer[]))
            AS wanted(schedule_id, leg, seat_number, bus_id, route_id)
        JOIN locked ON locked.id = wanted.schedule_id AND locked.bus_id = wanted.bus_id
            AND locked.route_id = wanted.route_id
        ORDER BY 1, 2, 3
        ON CONFLICT (schedule_id, leg, seat_number) DO UPDATE
            SET booking_id = excluded.booking_id, held_until = excluded.held_until
            WHERE seat_claims.held_until <= :now OR seat_claims.booking_id = excluded.booking_id
        RETURNING schedule_id
    )
    SELECT locked.route_id, locked.departure_time, count(*) AS seats
    FROM claimed JOIN locked ON locked.id = claimed.schedule_id GROUP BY locked.route_id, locked.departure_time
""").bindparams(bindparam("held_until", type_=DateTime(timezone=True)), bindparam("now", type_=DateTime(timezone=True)))


def claim_seats(booking_id: int, claims: Collection[Claim], held_until: datetime | None, now: datetime) -> bool:
    """Hold seats until an instant, or sell them (None).

    False when a seat belongs to another booking or is not sold any more; the caller must then roll back.
    """
    ordered = sorted(claims)
    rows = driver_read(
        _CLAIM,
        {
            "booking_id": booking_id,
            "held_until": held_until,
            "now": now,
            "schedules": [claim.schedule_id for claim in ordered],
            "legs": [claim.leg for claim in ordered],
            "seats": [claim.seat_number for claim in ordered],
            "buses": [claim.bus_id for claim in ordered],
            "routes": [claim.route_id for claim in ordered],
        },
    )
    _announce(rows)
    claimed: int = sum(row.seats for row in rows)
    return claimed == len(ordered)


def extend_claims(booking_id: int, held_until: datetime) -> None:
    """Hold a booking's seats until a later instant."""
    db.session.execute(update(SeatClaim).where(SeatClaim.booking_id == booking_id).values(held_until=held_until))


_RELEASE = text("""
    WITH released AS (DELETE FROM seat_claims WHERE booking_id = :booking_id RETURNING schedule_id)
    SELECT route_id, departure_time FROM schedules WHERE id IN (SELECT schedule_id FROM released)
""")
_RELEASE_SEATS = text("""
    WITH released AS (
        DELETE FROM seat_claims c
        USING unnest(CAST(:schedules AS bigint[]), CAST(:legs AS smallint[]), CAST(:seats AS text[]))
            AS given(schedule_id, leg, seat_number)
        WHERE c.booking_id = :booking_id AND c.schedule_id = given.schedule_id AND c.leg = given.leg
            AND c.seat_number = given.seat_number
        RETURNING c.schedule_id
    )
    SELECT route_id, departure_time FROM schedules WHERE id IN (SELECT schedule_id FROM released)
""")


def release_seats(booking_id: int, claims: Collection[Claim] | None = None) -> None:
    """Delete a booking's claims: all, or those given."""
    if claims is None:
        _announce(db.session.execute(_RELEASE, {"booking_id": booking_id}).all())
        return
    values = {
        "booking_id": booking_id,
        "schedules": [claim.schedule_id for claim in claims],
        "legs": [claim.leg for claim in claims],
        "seats": [claim.seat_number for claim in claims],
    }
    _announce(db.session.execute(_RELEASE_SEATS, values).all())


_RELEASE_DEPARTURE = text("""
    WITH released AS (
        DELETE FROM seat_claims WHERE schedule_id = :schedule_id OR booking_id = ANY(CAST(:bookings AS bigint[]))
        RETURNING schedule_id
    )
    SELECT route_id, departure_time FROM schedules
    WHERE id = :schedule_id OR id IN (SELECT schedule_id FROM released)
""")


def release_departure(schedule_id: int, booking_ids: Collection[int]) -> None:
    """Delete all claims of a cancelled departure, and those that these bookings have anywhere."""
    released = db.session.execute(_RELEASE_DEPARTURE, {"schedule_id": schedule_id, "bookings": list(booking_ids)})
    _announce(released.all())


def _announce(departures: Iterable[AnyRow]) -> None:
    """Invalidate cached data on the seats of these departures."""
    changed(*seats_tags(departures))
