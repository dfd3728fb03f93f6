"""Reads of bookings."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, SelectBase, and_, false, func, or_, select, text, true
from sqlalchemy.orm import InstrumentedAttribute, aliased

from falconbus.bookings.models import Booking, Journey, Passenger
from falconbus.bookings.permissions import MANAGED_BOOKING, SEE_BOOKINGS
from falconbus.bookings.read_model import BookingDetails, JourneyDetails, MailDetails, PassengerDetails, TicketDetails
from falconbus.network.models import Stop
from falconbus.platform.database.engine import AnyRow, AnySelect, Model, db
from falconbus.platform.kit import references
from falconbus.platform.kit.emails import email_to_find
from falconbus.platform.mailing import kinds
from falconbus.platform.web.identity import Identity
from falconbus.platform.web.permissions import Permission


def _shared_columns(entity: type[Model], details: type[BookingDetails | JourneyDetails]) -> list[str]:
    """Return the column names that a table and its part of the read model share; a column added to both is read."""
    return [field.name for field in fields(details) if field.name in entity.__table__.columns]


#: The columns of the booking's own row that BookingDetails has.
BOOKING_COLUMNS = tuple(getattr(Booking, name) for name in _shared_columns(Booking, BookingDetails))


def visible_to(
    identity: Identity, email: str | None = None, *, of_staff: Permission = SEE_BOOKINGS
) -> ColumnElement[bool]:
    """Return the condition for bookings that a caller may see, or with another permission `of_staff` change.

    Staff see all, accounts their own, others by manage token or contact e-mail.
    """
    if identity.may(of_staff):
        return true()
    allowed: list[ColumnElement[bool]] = [false()]
    if identity.user_id is not None:
        allowed.append(Booking.user_id == identity.user_id)
    managed = identity.managed_reference(MANAGED_BOOKING)
    if managed is not None:
        allowed.append(and_(Booking.reference == managed, Booking.link_version == identity.managed_version))
    if email is not None:
        allowed.append(Booking.email == email_to_find(email))
    return or_(*allowed)


def select_by_reference(reference: str, visible: ColumnElement[bool]) -> Select[Booking]:
    """Select the booking of a reference as typed, if it is visible."""
    return select(Booking).where(Booking.reference == references.read_reference(reference), visible)


def select_journeys(source: str) -> str:
    """Return the SELECT of JourneyDetails from the table, or from rows that the same statement has inserted."""
    columns = ", ".join(f"j.{name}" for name in _shared_columns(Journey, JourneyDetails))
    # LIMIT makes each a look-up of its own: of rows just inserted PostgreSQL expects a hundred, and reads whole tables.
    return f"""
        SELECT {columns}, ride.*, fare_class.*, origin.*, destination.*
        FROM {source} j
        CROSS JOIN LATERAL (
            SELECT s.route_id, s.bus_id, b.number AS bus_number, s.cancellation_reason
            FROM schedules s JOIN buses b ON b.id = s.bus_id
            WHERE s.id = j.schedule_id LIMIT 1) AS ride
        CROSS JOIN LATERAL (
            SELECT code AS fare_class_code FROM fare_classes WHERE id = j.fare_class_id LIMIT 1) AS fare_class
        CROSS JOIN LATERAL (
            SELECT code AS origin_code, name AS origin_name, city AS origin_city, time_zone AS origin_zone,
                   description AS origin_description
            FROM stops WHERE id = j.origin_id LIMIT 1) AS origin
        CROSS JOIN LATERAL (
            SELECT code AS destination_code, name AS destination_name, city AS destination_city,
                   time_zone AS destination_zone, description AS destination_description
            FROM stops WHERE id = j.destination_id LIMIT 1) AS destination
    """  # noqa: S608  all of it is ours


_JOURNEYS = text(f"{select_journeys('journeys')} WHERE j.booking_id = :booking_id ORDER BY j.number")
_TICKETS = text("""
    SELECT t.journey_number, t.seat_number, t.fare, t.fare_trace, t.code, t.status, p.number, p.name, p.type, p.revision
    FROM tickets t
    JOIN passengers p ON p.booking_id = t.booking_id AND p.number = t.passenger_number
    WHERE t.booking_id = :booking_id ORDER BY t.journey_number, t.passenger_number
""")


def journeys(booking_id: int) -> tuple[JourneyDetails, ...]:
    """Return a booking's journeys with their tickets, in two statements."""
    rows = db.session.execute(_JOURNEYS, {"booking_id": booking_id}).all()
    tickets: dict[int, list[TicketDetails]] = {row.number: [] for row in rows}
    for row in db.session.execute(_TICKETS, {"booking_id": booking_id}):
        tickets[row.journey_number].append(
            TicketDetails(
                passenger=PassengerDetails(row.number, row.name, row.type, row.revision),
                seat_number=row.seat_number,
                fare=row.fare,
                fare_trace=row.fare_trace,
                code=row.code,
                status=row.status,
            )
        )
    return tuple(JourneyDetails(**row._asdict(), tickets=tuple(tickets[row.number])) for row in rows)


# A mail about a departure of the booking is one about its notice (messaging/mail_kinds.py).
_MAILS = text("""
    WITH told AS (
        SELECT CAST(kind AS text) AS kind, :booking_id AS subject_id FROM unnest(CAST(:kinds AS text[])) AS known (kind)
        UNION ALL
        SELECT 'departure.' || kind, id FROM departure_notices WHERE booking_id = :booking_id
    )
    SELECT m.id, m.kind, m.recipient, m.status, m.error AS reason, m.created_at, m.sent_at, m.edition
    FROM told JOIN mails m USING (kind, subject_id) ORDER BY m.created_at, m.id
""")


def mails(booking_id: int) -> tuple[MailDetails, ...]:
    """Return the mails about a booking and its departures."""
    about_bookings = [kind.name for kind in kinds.registered() if kind.name.startswith("booking.")]
    rows = db.session.execute(_MAILS, {"booking_id": booking_id, "kinds": about_bookings})
    return tuple(MailDetails(**row._asdict()) for row in rows)


_SALE_STATE = text("""
    SELECT coalesce(bool_or(j.departs_at <= :now), false) AS has_left,
        coalesce(bool_and(s.active AND r.active), false) AS is_on_sale
    FROM journeys j JOIN schedules s ON s.id = j.schedule_id JOIN routes r ON r.id = s.route_id
    WHERE j.booking_id = :booking_id AND EXISTS (
        SELECT FROM tickets t
        WHERE t.booking_id = j.booking_id AND t.journey_number = j.number AND t.status <> 'cancelled')
""")


def find_sale_state(booking_id: int, now: datetime) -> AnyRow:
    """Return whether a journey of a booking's live tickets `has_left`, and whether all of them are `is_on_sale`."""
    return db.session.execute(_SALE_STATE, {"booking_id": booking_id, "now": now}).one()


_SEATS_MISSING = text("""
    SELECT EXISTS (
        SELECT FROM journeys j
        JOIN tickets t ON t.booking_id = j.booking_id AND t.journey_number = j.number AND t.status <> 'cancelled'
        JOIN schedules s ON s.id = j.schedule_id
        JOIN buses b ON b.id = s.bus_id
        WHERE j.booking_id = :booking_id AND NOT EXISTS (
            SELECT FROM seats
            WHERE seats.layout_id = b.layout_id AND seats.number = t.seat_number
              AND seats.fare_class_id = j.fare_class_id))
""")


def has_seats_missing(booking_id: int) -> bool:
    """Tell whether the bus that a live ticket's departure has now lacks its seat, or has it in another class."""
    return bool(db.session.scalar(_SEATS_MISSING, {"booking_id": booking_id}))


_CANCEL_TICKETS = text("""
    UPDATE tickets t SET status = 'cancelled'
    FROM unnest(CAST(:journeys AS smallint[]), CAST(:passengers AS smallint[])) AS gone (journey, passenger)
    WHERE t.booking_id = :booking_id AND t.journey_number = gone.journey AND t.passenger_number = gone.passenger
    RETURNING t.fare
""")


def cancel_tickets(booking_id: int, tickets: Sequence[tuple[int, int]]) -> Sequence[int]:
    """Cancel tickets, given as (journey, passenger), in one statement; return their fares."""
    values = {
        "booking_id": booking_id,
        "journeys": [journey for journey, _ in tickets],
        "passengers": [passenger for _, passenger in tickets],
    }
    return db.session.execute(_CANCEL_TICKETS, values).scalars().all()


def select_for_staff(
    found: SelectBase | None,
    status: str | None,
    email: str | None,
    schedule_id: int | None,
    created_on: tuple[datetime, datetime] | None,
) -> AnySelect:
    """Select bookings for the staff's list, each with its passengers and first journey; `found`: only these ids."""
    passengers = select(Passenger.name).where(Passenger.booking_id == Booking.id).order_by(Passenger.number)
    journeys = select(func.count()).where(Journey.booking_id == Booking.id)
    statement = _select_with_first_journey(
        Booking.email,
        Booking.phone,
        func.array(passengers.scalar_subquery()).label("passengers"),
        journeys.correlate(Booking).scalar_subquery().label("journeys"),
    )
    if found is not None:
        statement = statement.where(Booking.id.in_(found))
    if status is not None:
        statement = statement.where(Booking.status == status)
    if email is not None:
        statement = statement.where(Booking.email == email_to_find(email))
    if schedule_id is not None:
        on_schedule = select(Journey.booking_id).where(Journey.schedule_id == schedule_id)
        statement = statement.where(Booking.id.in_(on_schedule))
    if created_on is not None:
        begins, ends = created_on
        statement = statement.where(Booking.created_at >= begins, Booking.created_at < ends)
    return statement


def select_of_account(user_id: int) -> AnySelect:
    """Select an account's bookings, each with its first journey, in one statement."""
    return _select_with_first_journey(Journey.fare_class_name.label("fare_class")).where(Booking.user_id == user_id)


def _select_with_first_journey(*more: ColumnElement[Any] | InstrumentedAttribute[Any]) -> AnySelect:
    origin, destination = aliased(Stop), aliased(Stop)
    return (
        select(
            Booking.id.label("key"),
            Booking.reference,
            Booking.status,
            Booking.total,
            Booking.currency,
            Booking.created_at,
            Journey.route_name,
            origin.name.label("origin_name"),
            origin.time_zone.label("origin_zone"),
            destination.name.label("destination_name"),
            Journey.departs_at,
            *more,
        )
        .join(Journey, and_(Journey.booking_id == Booking.id, Journey.number == 1))
        .join(origin, origin.id == Journey.origin_id)
        .join(destination, destination.id == Journey.destination_id)
    )
