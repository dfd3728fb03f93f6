"""Holding seats: from what a traveller asks for to a held booking, in one transaction of few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import cast

import msgspec
from sqlalchemy import Table, text
from sqlalchemy.dialects.postgresql import insert

from falconbus.bookings import queries
from falconbus.bookings.errors import JourneysOverlap, MixedCurrencies, SeatCount, UnknownPromoCode
from falconbus.bookings.models import Booking, BookingStatus, TicketStatus
from falconbus.bookings.read_model import BookingDetails, JourneyDetails, PassengerDetails, TicketDetails
from falconbus.fares import pricing
from falconbus.fares.passenger_types import PassengerType
from falconbus.inventory import service as inventory
from falconbus.inventory.errors import SeatTaken
from falconbus.inventory.service import Claim, FareClassOffer, Offer
from falconbus.platform.database import transactions
from falconbus.platform.database.driver_reads import driver_read
from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.kit import clock, references
from falconbus.platform.kit.errors import Contended

TICKET_CODE_LENGTH = 12

# The table, not the entity: the ORM would look for entities to refresh.
_INSERT_BOOKING = (
    insert(cast(Table, Booking.__table__)).on_conflict_do_nothing(index_elements=["reference"]).returning(*queries.HEAD)
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
            origin_id, destination_id, departs_at, arrives_at)
        SELECT :booking_id, j.number, j.schedule_id, j.fare_class_id, j.origin_position, j.destination_position,
            j.origin_id, j.destination_id, j.departs_at, j.arrives_at
        FROM jsonb_to_recordset(CAST(:journeys AS jsonb)) AS j(number smallint, schedule_id bigint,
            fare_class_id smallint, origin_position smallint, destination_position smallint, origin_id integer,
            destination_id integer, departs_at timestamptz, arrives_at timestamptz)
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
class WantedJourney:
    """A ride as it is asked for; without a class the cheapest with room, without seats those chosen for them."""

    schedule_id: int
    origin: str
    destination: str
    fare_class: str | None = None
    seats: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class WantedPassenger:
    name: str
    type: PassengerType


@dataclass(frozen=True, slots=True)
class Contact:
    email: str
    phone: str | None = None
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class _SeatedJourney:
    """A wanted journey with what it will be: offer, class, seats in the passengers' order."""

    number: int
    offer: Offer
    fare_class: FareClassOffer
    seats: Sequence[str]


def hold(
    journeys: Sequence[WantedJourney],
    passengers: Sequence[WantedPassenger],
    contact: Contact,
    *,
    hold_for: timedelta,
    promo_code: str | None = None,
) -> BookingDetails:
    """Hold seats on every journey for every passenger, or none at all.

    Raises SeatTaken, SoldOut, NotOnSale, and Invalid with a pointer for what cannot be.
    """
    now = clock.now()
    check_promo_code(promo_code)
    if transactions.attempt():
        inventory.lock_schedules([journey.schedule_id for journey in journeys])
    asked = [(journey.schedule_id, journey.origin, journey.destination) for journey in journeys]
    offers = inventory.find_offers(asked, now)
    check_no_overlap(offers)
    check_one_currency(offers)
    seated = [
        _seat(index, journey, offer, len(passengers))
        for index, (journey, offer) in enumerate(zip(journeys, offers, strict=True))
    ]
    people = [PassengerDetails(number, who.name, who.type) for number, who in enumerate(passengers, start=1)]
    tickets = {journey.number: _tickets(journey, people) for journey in seated}
    total = sum(ticket.fare for journey_tickets in tickets.values() for ticket in journey_tickets)
    row = _insert_booking(contact, total, offers[0].currency, now, now + hold_for)
    _claim(row.id, seated, row.expires_at, now)
    written = _insert_parts(row.id, people, seated, tickets)
    held = tuple(JourneyDetails(**journey._asdict(), tickets=tickets[journey.number]) for journey in written)
    return BookingDetails(**row._asdict(), journeys=held)


def check_promo_code(promo_code: str | None) -> None:
    """No programme gives out promo codes yet, so none is known."""
    if promo_code:
        raise UnknownPromoCode(pointer="/promo_code")


def check_no_overlap(offers: Sequence[Offer]) -> None:
    for (_, one), (index, other) in combinations(enumerate(offers), 2):
        if one.departs_at < other.arrives_at and other.departs_at < one.arrives_at:
            raise JourneysOverlap(pointer=f"/journeys/{index}")


def check_one_currency(offers: Sequence[Offer]) -> None:
    if len({offer.currency for offer in offers}) > 1:
        raise MixedCurrencies(pointer="/journeys")


def _seat(index: int, wanted: WantedJourney, offer: Offer, count: int) -> _SeatedJourney:
    """Choose class and seats, or check the chosen ones."""
    pointer = f"/journeys/{index}"
    if wanted.seats is None:
        fare_class = inventory.pick_class(offer, wanted.fare_class, count, pointer)
        return _SeatedJourney(index + 1, offer, fare_class, inventory.choose_seats(offer, fare_class.id, count))
    if len(wanted.seats) != count:
        raise SeatCount(pointer=f"{pointer}/seats")
    fare_class = inventory.class_of_seats(offer, wanted.fare_class, wanted.seats, pointer)
    return _SeatedJourney(index + 1, offer, fare_class, wanted.seats)


def _tickets(journey: _SeatedJourney, passengers: Sequence[PassengerDetails]) -> tuple[TicketDetails, ...]:
    return tuple(_ticket(journey, passenger, seat) for passenger, seat in zip(passengers, journey.seats, strict=True))


def _ticket(journey: _SeatedJourney, passenger: PassengerDetails, seat: str) -> TicketDetails:
    fare = pricing.ticket_fare(
        journey.offer.segment_price,
        set_by_operator=journey.offer.price_is_set,
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
        "email": contact.email.lower(),
        "phone": contact.phone,
        "user_id": contact.user_id,
        "total": total,
        "currency": currency,
        "created_at": now,
        "expires_at": expires_at,
    }
    made = db.session.execute(_INSERT_BOOKING, row).one_or_none()
    if made is None:
        # One reference in 850,000 is somebody's already when there are a million bookings.
        raise Contended(SeatTaken())
    return made


def _claim(booking_id: int, journeys: Sequence[_SeatedJourney], held_until: datetime, now: datetime) -> None:
    """Take the seats; when somebody was faster, the whole transaction tries again with what is free then."""
    claims = [
        Claim(journey.offer.schedule_id, leg, seat, journey.offer.bus_id)
        for journey in journeys
        for leg in journey.offer.legs
        for seat in journey.seats
    ]
    if not inventory.claim_seats(booking_id, claims, held_until, now):
        raise Contended(SeatTaken())


def _insert_parts(
    booking_id: int,
    passengers: Sequence[PassengerDetails],
    journeys: Sequence[_SeatedJourney],
    tickets: Mapping[int, Sequence[TicketDetails]],
) -> Sequence[AnyRow]:
    """Write the rows that hang on the booking; return what JourneyDetails has of each journey."""
    journey_rows = [
        {
            "number": journey.number,
            "schedule_id": journey.offer.schedule_id,
            "fare_class_id": journey.fare_class.id,
            "origin_position": journey.offer.origin_position,
            "destination_position": journey.offer.destination_position,
            "origin_id": journey.offer.origin_id,
            "destination_id": journey.offer.destination_id,
            "departs_at": journey.offer.departs_at,
            "arrives_at": journey.offer.arrives_at,
        }
        for journey in journeys
    ]
    ticket_rows = [
        {
            "journey_number": journey.number,
            "passenger_number": ticket.passenger.number,
            "schedule_id": journey.offer.schedule_id,
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
