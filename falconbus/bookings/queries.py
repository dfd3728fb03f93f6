"""Reads of bookings, and the statements that write a hold's rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, false, or_, select, text, true
from sqlalchemy.orm import aliased

from falconbus.bookings.models import Booking, Journey
from falconbus.bookings.permissions import MANAGED_BOOKING, SEE_BOOKINGS
from falconbus.network.models import FareClass, Route, Stop
from falconbus.platform.database.engine import AnySelect, db
from falconbus.platform.kit import references
from falconbus.platform.web.identity import Identity
from falconbus.timetable.models import Schedule

#: What a BookingRecord has of the booking's own row.
HEAD = (
    Booking.id,
    Booking.reference,
    Booking.status,
    Booking.email,
    Booking.phone,
    Booking.total,
    Booking.currency,
    Booking.refund_amount,
    Booking.fee_amount,
    Booking.created_at,
    Booking.expires_at,
)


def visible_to(identity: Identity, email: str | None = None) -> ColumnElement[bool]:
    """The bookings that a caller may see: staff all, accounts theirs, else by manage token or by contact e-mail."""
    if identity.may(SEE_BOOKINGS):
        return true()
    allowed: list[ColumnElement[bool]] = [false()]
    if identity.user_id is not None:
        allowed.append(Booking.user_id == identity.user_id)
    managed = identity.managed_reference(MANAGED_BOOKING)
    if managed is not None:
        allowed.append(Booking.reference == managed)
    if email is not None:
        allowed.append(Booking.email == email.strip().lower())
    return or_(*allowed)


def by_reference(reference: str, visible: ColumnElement[bool]) -> Select[Booking]:
    """The booking of a reference as somebody typed it, if it is visible."""
    return select(Booking).where(Booking.reference == references.read_reference(reference), visible)


_JOURNEYS = text("""
    SELECT j.number, j.schedule_id, r.name AS route_name, b.number AS bus_number, s.bus_id, fc.code AS fare_class,
        fc.refundable, os.code AS origin, os.name AS origin_name, os.time_zone AS origin_zone,
        ds.code AS destination, ds.name AS destination_name, ds.time_zone AS destination_zone,
        j.origin_position, j.destination_position, j.departs_at, j.arrives_at
    FROM journeys j
    JOIN schedules s ON s.id = j.schedule_id
    JOIN routes r ON r.id = s.route_id
    JOIN buses b ON b.id = s.bus_id
    JOIN fare_classes fc ON fc.id = j.fare_class_id
    JOIN stops os ON os.id = j.origin_id
    JOIN stops ds ON ds.id = j.destination_id
    WHERE j.booking_id = :booking_id ORDER BY j.number
""")
_TICKETS = text("""
    SELECT t.journey_number, t.passenger_number, t.seat_number, t.fare, t.fare_trace, t.code, t.status, p.name, p.type
    FROM tickets t
    JOIN passengers p ON p.booking_id = t.booking_id AND p.number = t.passenger_number
    WHERE t.booking_id = :booking_id ORDER BY t.journey_number, t.passenger_number
""")


def journeys(booking_id: int) -> Sequence[Row[Any]]:
    return db.session.execute(_JOURNEYS, {"booking_id": booking_id}).all()


def tickets(booking_id: int) -> Sequence[Row[Any]]:
    """A booking's tickets, each with its passenger."""
    return db.session.execute(_TICKETS, {"booking_id": booking_id}).all()


_CANCEL_TICKETS = text("""
    UPDATE tickets t SET status = 'cancelled'
    FROM unnest(CAST(:journeys AS smallint[]), CAST(:passengers AS smallint[])) AS gone (journey, passenger)
    WHERE t.booking_id = :booking_id AND t.journey_number = gone.journey AND t.passenger_number = gone.passenger
    RETURNING t.fare
""")


def cancel_tickets(booking_id: int, tickets: Sequence[tuple[int, int]]) -> Sequence[int]:
    """End tickets, given as (journey, passenger), all in one statement; their fares."""
    values = {
        "booking_id": booking_id,
        "journeys": [journey for journey, _ in tickets],
        "passengers": [passenger for _, passenger in tickets],
    }
    return db.session.execute(_CANCEL_TICKETS, values).scalars().all()


def for_staff(
    status: str | None, email: str | None, schedule_id: int | None, created_on: tuple[datetime, datetime] | None
) -> AnySelect:
    """Bookings as the staff's list shows them."""
    statement: AnySelect = select(
        Booking.id.label("key"),
        Booking.reference,
        Booking.status,
        Booking.email,
        Booking.phone,
        Booking.total,
        Booking.currency,
        Booking.created_at,
    )
    if status is not None:
        statement = statement.where(Booking.status == status)
    if email is not None:
        statement = statement.where(Booking.email == email.strip().lower())
    if schedule_id is not None:
        on_it = select(Journey.booking_id).where(Journey.schedule_id == schedule_id)
        statement = statement.where(Booking.id.in_(on_it))
    if created_on is not None:
        begins, ends = created_on
        statement = statement.where(Booking.created_at >= begins, Booking.created_at < ends)
    return statement


def of_account(user_id: int) -> AnySelect:
    """An account's bookings, each with its first journey: one statement."""
    origin, destination = aliased(Stop), aliased(Stop)
    return (
        select(
            Booking.id.label("key"),
            Booking.reference,
            Booking.status,
            Booking.total,
            Booking.currency,
            Booking.created_at,
            Route.name.label("route_name"),
            FareClass.name.label("fare_class"),
            origin.name.label("origin_name"),
            origin.time_zone.label("origin_zone"),
            destination.name.label("destination_name"),
            Journey.departs_at,
        )
        .join(Journey, and_(Journey.booking_id == Booking.id, Journey.number == 1))
        .join(Schedule, Schedule.id == Journey.schedule_id)
        .join(Route, Route.id == Schedule.route_id)
        .join(FareClass, FareClass.id == Journey.fare_class_id)
        .join(origin, origin.id == Journey.origin_id)
        .join(destination, destination.id == Journey.destination_id)
        .where(Booking.user_id == user_id)
    )


# The passengers, journeys and tickets of a hold in one statement: a hold is a handful of round trips, not of rows.
INSERT_PARTS = text("""
    WITH new_passengers AS (
        INSERT INTO passengers (booking_id, number, name, type)
        SELECT :booking_id, p.number, p.name, p.type
        FROM jsonb_to_recordset(CAST(:passengers AS jsonb)) AS p(number smallint, name text, type text)
    ), new_journeys AS (
        INSERT INTO journeys (booking_id, number, schedule_id, fare_class_id, origin_position, destination_position,
            origin_id, destination_id, departs_at, arrives_at)
        SELECT :booking_id, j.number, j.schedule_id, j.fare_class_id, j.origin_position, j.destination_position,
            j.origin_id, j.destination_id, j.departs_at, j.arrives_at
        FROM jsonb_to_recordset(CAST(:journeys AS jsonb)) AS j(number smallint, schedule_id bigint,
            fare_class_id smallint, origin_position smallint, destination_position smallint, origin_id integer,
            destination_id integer, departs_at timestamptz, arrives_at timestamptz)
    )
    INSERT INTO tickets (booking_id, journey_number, passenger_number, schedule_id, seat_number, fare, fare_trace, code,
        status)
    SELECT :booking_id, t.journey_number, t.passenger_number, t.schedule_id, t.seat_number, t.fare, t.fare_trace,
        t.code, 'reserved'
    FROM jsonb_to_recordset(CAST(:tickets AS jsonb)) AS t(journey_number smallint, passenger_number smallint,
        schedule_id bigint, seat_number text, fare integer, fare_trace jsonb, code text)
""")
