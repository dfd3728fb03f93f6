"""Taking a cancelled departure out of the bookings that have it; money and mail are the business of disruptions.

Locks are taken in one order everywhere: bookings by their keys, then the departure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text

from falconbus.bookings.models import Booking, BookingStatus, Journey, Ticket
from falconbus.inventory import claiming
from falconbus.platform.database.engine import db
from falconbus.timetable.models import Schedule

_LIVE = (BookingStatus.HELD, BookingStatus.CONFIRMED)


@dataclass(frozen=True, slots=True)
class BookingOnDeparture:
    """A live booking on a departure: who of it is on board there, and for what fares."""

    id: int
    reference: str
    email: str | None
    status: str
    currency: str
    payment_id: str | None
    passengers: int
    fares: int
    #: Each as [number of the journey, number of the passenger].
    tickets: list[list[int]]
    #: Nothing is left of it without the departure; a hold is one thing, and goes whole.
    ends: bool

    @property
    def is_confirmed(self) -> bool:
        return self.status == BookingStatus.CONFIRMED


_ON_DEPARTURE = text("""
    SELECT b.id, b.reference, b.email, b.status, b.currency, b.payment_id,
        count(DISTINCT t.passenger_number) FILTER (WHERE t.schedule_id = :schedule_id) AS passengers,
        sum(t.fare) FILTER (WHERE t.schedule_id = :schedule_id) AS fares,
        array_agg(ARRAY[t.journey_number, t.passenger_number] ORDER BY t.journey_number, t.passenger_number)
            FILTER (WHERE t.schedule_id = :schedule_id) AS tickets,
        b.status = 'held' OR bool_and(t.schedule_id = :schedule_id) AS ends
    FROM bookings b JOIN tickets t ON t.booking_id = b.id AND t.status <> 'cancelled'
    WHERE b.status IN ('held', 'confirmed')
        AND b.id IN (SELECT booking_id FROM tickets WHERE schedule_id = :schedule_id AND status <> 'cancelled')
    GROUP BY b.id ORDER BY b.id
""")
_CANCEL_TICKETS = text("""
    UPDATE tickets SET status = 'cancelled'
    WHERE status <> 'cancelled' AND (booking_id = ANY (CAST(:held AS bigint[]))
        OR (schedule_id = :schedule_id AND booking_id = ANY (CAST(:confirmed AS bigint[]))))
    RETURNING booking_id, fare
""")


def find_on_departure(schedule_id: int) -> list[BookingOnDeparture]:
    """Return the live bookings on a departure, by key."""
    rows = db.session.execute(_ON_DEPARTURE, {"schedule_id": schedule_id})
    return [BookingOnDeparture(**row._asdict()) for row in rows]


def lock_on_departure(
    schedule_id: int, *, besides: Mapping[int, Booking] | None = None, waits: bool = True
) -> dict[int, Booking]:
    """Lock the live bookings on a departure in the order of their keys, and return them with those `besides`.

    Without waiting one that somebody else has at that moment makes the whole transaction run again.
    """
    known = dict(besides or {})
    on_board = select(Ticket.booking_id).where(Ticket.schedule_id == schedule_id)
    statement = (
        select(Booking)
        .where(Booking.id.in_(on_board), Booking.status.in_(_LIVE), Booking.id.not_in(list(known)))
        .order_by(Booking.id)
        .with_for_update(nowait=not waits)
        .execution_options(populate_existing=True)
    )
    return known | {booking.id: booking for booking in db.session.scalars(statement)}


def withdraw(
    schedule_id: int, found: Sequence[BookingOnDeparture], locked: Mapping[int, Booking], *, at: datetime
) -> None:
    """Cancel the tickets of a departure, all of a hold, and release their seats; what was paid comes back in full."""
    held = [each.id for each in found if not each.is_confirmed]
    confirmed = [each.id for each in found if each.is_confirmed]
    claiming.release_departure(schedule_id, held)
    fares: dict[int, int] = {each.id: 0 for each in found}
    values = {"schedule_id": schedule_id, "held": held, "confirmed": confirmed}
    for row in db.session.execute(_CANCEL_TICKETS, values):
        fares[row.booking_id] += row.fare
    for each in found:
        booking = locked[each.id]
        if each.is_confirmed:
            booking.refund_amount += fares[each.id]
        else:
            booking.total -= fares[each.id]
        if each.ends:
            booking.cancel(at=at)
    db.session.flush()


def has_cancelled_departure(booking_id: int) -> bool:
    """Whether the operator has cancelled a departure of the booking."""
    statement = select(Journey.number).join(Schedule, Schedule.id == Journey.schedule_id)
    statement = statement.where(Journey.booking_id == booking_id, Schedule.cancelled_at.is_not(None))
    return db.session.scalars(statement.limit(1)).first() is not None
