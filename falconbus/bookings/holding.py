"""Holds seats for a booking request, in one transaction of few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any, cast

import msgspec
from sqlalchemy import Table, text
from sqlalchemy.dialects.postgresql import insert

from falconbus.bookings import queries
from falconbus.bookings.errors import JourneysOverlap, MixedCurrencies, SeatCount, UnknownPromoCode
from falconbus.bookings.models import Booking, BookingStatus, TicketStatus
from falconbus.bookings.read_model import BookingDetails, JourneyDetails, PassengerDetails, TicketDetails
from falconbus.fares import pricing, refunds
from falconbus.fares.passenger_types import PassengerType
from falconbus.inventory import claiming
from falconbus.inventory import service as inventory
from falconbus.inventory.claiming import Claim
from falconbus.inventory.errors import SeatTaken
from falconbus.inventory.service import FareClassAvailability, Segment
from falconbus.platform.database import transactions
from falconbus.platform.database.driver_reads import driver_read
from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.kit import clock, references
from falconbus.platform.kit.errors import Contended

TICKET_CODE_LENGTH = 12

# The table, not the entity: with the entity the ORM would look for instances to refresh.
_INSERT_BOOKING = (
    insert(cast(Table, Booking.__table__))
    .on_conflict_do_nothing(index_elements=["reference"])
    .returning(*queries.BOOKING_COLUMNS)
)
# The passengers, journeys and tickets of a hold in one statement, which returns the journeys as they are read: a hold
# is a handful of round trips, not of rows.
_INSERT_PARTS = text(f"""
    WITH new_passengers AS (
        INSERT INTO passengers (booking_id, number, name, type)
        SELECT :booking_id, p.number, p.name, p.type
        FROM jsonb_to_recordset(CAST(:passengers AS jsonb)) AS p(number smallint, name text, type text)
    ), new_journeys AS (
        INSERT INTO journeys (booking_id, number, schedule_id, fare_class_id, origin_position, destination_position,
            origin_id, destination_id, departs_at, arrives_at, route_name, fare_class_name, conditions, refund_steps)
        SELECT :booking_id, j.number, j.schedule_id, j.fare_class_id, j.origin_position, j.destination_position,
            j.origin_id, j.destination_id, j.departs_at, j.arrives_at, j.route_name, j.fare_class_name, j.conditions,
            j.refund_steps
        FROM jsonb_to_recordset(CAST(:journeys AS jsonb)) AS j(number smallint, schedule_id bigint,
            fare_class_id smallint, origin_position smallint, destination_position smallint, origin_id integer,
            destination_id integer, departs_at timestamptz, arrives_at timestamptz, route_name text,
            fare_class_name text, conditions text, refund_steps jsonb)
        RETURNING *
    ), new_tickets AS (
        INSERT INTO tickets (booking_id, journey_number, passenger_number, schedule_id, seat_number, fare, fare_trace,
            code, status)
        SELECT :booking_id, t.journey_number, t.passenger_number, t.schedule_id, t.seat_number, t.fare, t.fare_trace,
            t.code, 'reserved'
        FROM jsonb_to_recordset(CAST(:tickets AS jsonb)) AS t(journey_number smallint, passenger_number smallint,
            schedule_id bigint, seat_number text, fare integer, fare_trace jsonb, code text)
    )
    {queries.select_journeys("new_journeys")} ORDER BY j.number
""")  # noqa: S608  all of it is ours


@dataclass(frozen=True, slots=True)
class JourneyRequest:
    """A requested ride; without a fare class the cheapest with room, without seats an automatic choice."""

    schedule_id: int
    origin: str
    destination: str
    fare_class: str | None = None
    seats: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class PassengerRequest:
    name: str
    type: PassengerType


@dataclass(frozen=True, slots=True)
class Contact:
    #: None of who buys at the counter.
    email: str | None
    phone: str | None = None
    user_id: int | None = None
    #: Who asks, unless it is the staff: see Booking.client.
    client: str | None = None


@dataclass(frozen=True, slots=True)
class _SeatedJourney:
    """A requested journey with its segment, fare class and seats, in the passengers' order."""

    number: int
    segment: Segment
    fare_class: FareClassAvailability
    seats: Sequence[str]


def hold(
    journeys: Sequence[JourneyRequest],
    passengers: Sequence[PassengerRequest],
    contact: Contact,
    *,
    hold_for: timedelta,
    promo_code: str | None = None,
) -> BookingDetails:
    """Hold seats on every journey for every passenger, or none at all.

    Raises SeatTaken, SoldOut, NotOnSale, and Invalid with a pointer to each fault.
    """
    now = clock.now()
    check_promo_code(promo_code)
    if transactions.attempt():
        inventory.lock_schedules([journey.schedule_id for journey in journeys])
    requests = [(journey.schedule_id, journey.origin, journey.destination) for journey in journeys]
    segments = inventory.find_segments(requests, now)
    check_no_overlap(segments)
    check_one_currency(segments)
    seated = [
        _allocate_seats(index, journey, segment, len(passengers))
        for index, (journey, segment) in enumerate(zip(journeys, segments, strict=True))
    ]
    booked_passengers = [
        PassengerDetails(number, passenger.name, passenger.type) for number, passenger in enumerate(passengers, start=1)
    ]
    tickets = {journey.number: _tickets(journey, booked_passengers) for journey in seated}
    total = sum(ticket.fare for journey_tickets in tickets.values() for ticket in journey_tickets)
    row = _insert_booking(contact, total, segments[0].currency, now, now + hold_for)
    _claim(row.id, seated, row.expires_at, now)
    written = _insert_parts(row.id, booked_passengers, seated, tickets)
    held = tuple(JourneyDetails(**journey._asdict(), tickets=tickets[journey.number]) for journey in written)
    return BookingDetails(**row._asdict(), journeys=held)


def check_promo_code(promo_code: str | None) -> None:
    """Refuse any promo code: no programme issues them yet. UnknownPromoCode."""
    if promo_code:
        raise UnknownPromoCode(pointer="/promo_code")


def check_no_overlap(segments: Sequence[Segment]) -> None:
    for (_, earlier), (index, later) in combinations(enumerate(segments), 2):
        if earlier.departs_at < later.arrives_at and later.departs_at < earlier.arrives_at:
            raise JourneysOverlap(pointer=f"/journeys/{index}")


def check_one_currency(segments: Sequence[Segment]) -> None:
    if len({segment.currency for segment in segments}) > 1:
        raise MixedCurrencies(pointer="/journeys")


def _allocate_seats(index: int, request: JourneyRequest, segment: Segment, count: int) -> _SeatedJourney:
    """Choose fare class and seats, or check the requested ones."""
    pointer = f"/journeys/{index}"
    if request.seats is None:
        fare_class = inventory.pick_class(segment, request.fare_class, count, pointer)
        return _SeatedJourney(index + 1, segment, fare_class, inventory.choose_seats(segment, fare_class.id, count))
    if len(request.seats) != count:
        raise SeatCount(pointer=f"{pointer}/seats")
    fare_class = inventory.class_of_seats(segment, request.fare_class, request.seats, pointer)
    return _SeatedJourney(index + 1, segment, fare_class, request.seats)


def _tickets(journey: _SeatedJourney, passengers: Sequence[PassengerDetails]) -> tuple[TicketDetails, ...]:
    return tuple(_ticket(journey, passenger, seat) for passenger, seat in zip(passengers, journey.seats, strict=True))


def _ticket(journey: _SeatedJourney, passenger: PassengerDetails, seat: str) -> TicketDetails:
    fare = pricing.ticket_fare(
        journey.segment.segment_price,
        price_is_set=journey.segment.price_is_set,
        class_code=journey.fare_class.code,
        class_percent=journey.fare_class.percent,
        passenger_type=passenger.type,
    )
    return TicketDetails(
        passenger=passenger,
        seat_number=seat,
        fare=fare.amount,
        fare_trace=fare.trace,
        code=references.new_reference(TICKET_CODE_LENGTH),
        status=TicketStatus.RESERVED,
    )


def _insert_booking(contact: Contact, total: int, currency: str, now: datetime, expires_at: datetime) -> AnyRow:
    row = {
        "reference": references.new_reference(),
        "status": BookingStatus.HELD,
        "email": contact.email,
        "phone": contact.phone,
        "user_id": contact.user_id,
        "client": contact.client,
        "total": total,
        "currency": currency,
        "created_at": now,
        "expires_at": expires_at,
    }
    inserted = db.session.execute(_INSERT_BOOKING, row).one_or_none()
    if inserted is None:
        # With a million bookings one new reference in 850,000 is taken already.
        raise Contended(SeatTaken())
    return inserted


def _claim(booking_id: int, journeys: Sequence[_SeatedJourney], held_until: datetime, now: datetime) -> None:
    """Claim the seats; retry the whole transaction when another booking was faster (Contended)."""
    claims = [
        Claim(journey.segment.schedule_id, leg, seat, journey.segment.bus_id, journey.segment.route_id)
        for journey in journeys
        for leg in journey.segment.legs
        for seat in journey.seats
    ]
    if not claiming.claim_seats(booking_id, claims, held_until, now):
        raise Contended(SeatTaken())


def _insert_parts(
    booking_id: int,
    passengers: Sequence[PassengerDetails],
    journeys: Sequence[_SeatedJourney],
    tickets: Mapping[int, Sequence[TicketDetails]],
) -> Sequence[AnyRow]:
    """Insert passengers, journeys and tickets of a booking; return the rows that JourneyDetails needs."""
    journey_rows = [_journey_row(journey) for journey in journeys]
    ticket_rows = [
        {
            "journey_number": journey.number,
            "passenger_number": ticket.passenger.number,
            "schedule_id": journey.segment.schedule_id,
            "seat_number": ticket.seat_number,
            "fare": ticket.fare,
            "fare_trace": ticket.fare_trace,
            "code": ticket.code,
        }
        for journey in journeys
        for ticket in tickets[journey.number]
    ]
    parts = {"passengers": passengers, "journeys": journey_rows, "tickets": ticket_rows}
    encoded = {name: msgspec.json.encode(rows).decode() for name, rows in parts.items()}
    return driver_read(_INSERT_PARTS, {"booking_id": booking_id, **encoded})


def _journey_row(journey: _SeatedJourney) -> dict[str, Any]:
    """Return a journey with the terms that it is sold on, which come of the same read as its price."""
    segment, fare_class = journey.segment, journey.fare_class
    return {
        "number": journey.number,
        "schedule_id": segment.schedule_id,
        "fare_class_id": fare_class.id,
        "origin_position": segment.origin_position,
        "destination_position": segment.destination_position,
        "origin_id": segment.origin_id,
        "destination_id": segment.destination_id,
        "departs_at": segment.departs_at,
        "arrives_at": segment.arrives_at,
        "route_name": segment.route_name,
        "fare_class_name": fare_class.name,
        "conditions": fare_class.conditions,
        "refund_steps": refunds.steps_of_sale(refundable=fare_class.refundable),
    }
