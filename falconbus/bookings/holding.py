"""Holding seats: from what a traveller asks for to a held booking, in one transaction of few statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import cast

import msgspec
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert

from falconbus.bookings import queries
from falconbus.bookings.errors import JourneysOverlap, MixedCurrencies, SeatCountMismatch, UnknownPromoCode
from falconbus.bookings.models import Booking, BookingStatus, TicketStatus
from falconbus.bookings.record import BookingRecord, JourneyRecord, PassengerRecord, TicketRecord
from falconbus.fares import pricing
from falconbus.fares.passenger_types import PassengerType
from falconbus.inventory import queries as seat_queries
from falconbus.inventory import service as inventory
from falconbus.inventory.errors import SeatTaken
from falconbus.inventory.service import Claim, FareClassOffer, Offer
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.kit import clock, references
from falconbus.platform.kit.errors import Contended

TICKET_CODE_LENGTH = 12

# The table, not the entity: the ORM would look for entities to refresh.
_INSERT_BOOKING = (
    insert(cast(Table, Booking.__table__)).on_conflict_do_nothing(index_elements=["reference"]).returning(*queries.HEAD)
)


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
class _Ride:
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
) -> BookingRecord:
    """Hold seats on every journey for every passenger, or none at all.

    Raises SeatTaken, SoldOut, NotOnSale, and Invalid with a pointer for what cannot be.
    """
    now = clock.now()
    check_promo_code(promo_code)
    if transactions.attempt():
        seat_queries.lock_schedules([journey.schedule_id for journey in journeys])
    asked = [(journey.schedule_id, journey.origin, journey.destination) for journey in journeys]
    offers = inventory.find_offers(asked, now)
    check_no_overlap(offers)
    check_one_currency(offers)
    rides = [
        _seat(index, journey, offer, len(passengers))
        for index, (journey, offer) in enumerate(zip(journeys, offers, strict=True))
    ]
    journey_records = [_journey(ride, _tickets(ride, passengers)) for ride in rides]
    people = [PassengerRecord(number, who.name, who.type) for number, who in enumerate(passengers, start=1)]
    total = sum(ticket.fare for journey in journey_records for ticket in journey.tickets)
    row = _insert_booking(contact, total, offers[0].currency, now, now + hold_for)
    _claim(row.id, rides, row.expires_at, now)
    _insert_parts(row.id, people, journey_records, rides)
    return BookingRecord(**row._mapping, passengers=people, journeys=journey_records)  # noqa: SLF001


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


def _seat(index: int, wanted: WantedJourney, offer: Offer, count: int) -> _Ride:
    """Choose class and seats, or check the chosen ones."""
    pointer = f"/journeys/{index}"
    if wanted.seats is None:
        fare_class = inventory.pick_class(offer, wanted.fare_class, count, pointer)
        return _Ride(index + 1, offer, fare_class, inventory.choose_seats(offer, fare_class.id, count))
    if len(wanted.seats) != count:
        raise SeatCountMismatch(pointer=f"{pointer}/seats")
    fare_class = inventory.class_of_seats(offer, wanted.fare_class, wanted.seats, pointer)
    return _Ride(index + 1, offer, fare_class, wanted.seats)


def _tickets(ride: _Ride, passengers: Sequence[WantedPassenger]) -> list[TicketRecord]:
    tickets = []
    for number, (passenger, seat) in enumerate(zip(passengers, ride.seats, strict=True), start=1):
        fare = pricing.ticket_fare(
            ride.offer.segment_price,
            set_by_operator=ride.offer.price_is_set,
            class_code=ride.fare_class.code,
            class_percent=ride.fare_class.percent,
            passenger_type=passenger.type,
        )
        code = references.new_reference(TICKET_CODE_LENGTH)
        tickets.append(TicketRecord(number, seat, fare.amount, fare.trace, code, TicketStatus.RESERVED))
    return tickets


def _journey(ride: _Ride, tickets: list[TicketRecord]) -> JourneyRecord:
    offer = ride.offer
    return JourneyRecord(
        number=ride.number,
        schedule_id=offer.schedule_id,
        route_name=offer.route_name,
        bus_number=offer.bus,
        bus_id=offer.bus_id,
        fare_class=ride.fare_class.code,
        refundable=ride.fare_class.refundable,
        origin=offer.origin,
        origin_name=offer.origin_name,
        origin_zone=offer.origin_zone,
        destination=offer.destination,
        destination_name=offer.destination_name,
        destination_zone=offer.destination_zone,
        origin_position=offer.origin_position,
        destination_position=offer.destination_position,
        departs_at=offer.departs_at,
        arrives_at=offer.arrives_at,
        tickets=tickets,
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


def _claim(booking_id: int, rides: Sequence[_Ride], held_until: datetime, now: datetime) -> None:
    """Take the seats; when somebody was faster, the whole transaction tries again with what is free then."""
    claims = [
        Claim(ride.offer.schedule_id, leg, seat, ride.offer.bus_id)
        for ride in rides
        for leg in ride.offer.legs
        for seat in ride.seats
    ]
    if not inventory.claim_seats(booking_id, claims, held_until, now):
        raise Contended(SeatTaken())


def _insert_parts(
    booking_id: int, passengers: list[PassengerRecord], journeys: list[JourneyRecord], rides: Sequence[_Ride]
) -> None:
    journey_rows = [
        {
            "number": ride.number,
            "schedule_id": ride.offer.schedule_id,
            "fare_class_id": ride.fare_class.id,
            "origin_position": ride.offer.origin_position,
            "destination_position": ride.offer.destination_position,
            "origin_id": ride.offer.origin_id,
            "destination_id": ride.offer.destination_id,
            "departs_at": ride.offer.departs_at,
            "arrives_at": ride.offer.arrives_at,
        }
        for ride in rides
    ]
    ticket_rows = [
        {
            "journey_number": journey.number,
            "passenger_number": ticket.passenger_number,
            "schedule_id": journey.schedule_id,
            "seat_number": ticket.seat_number,
            "fare": ticket.fare,
            "fare_trace": ticket.fare_trace,
            "code": ticket.code,
        }
        for journey in journeys
        for ticket in journey.tickets
    ]
    parts = {"passengers": passengers, "journeys": journey_rows, "tickets": ticket_rows}
    encoded = {name: msgspec.json.encode(rows).decode() for name, rows in parts.items()}
    db.session.execute(queries.INSERT_PARTS, {"booking_id": booking_id, **encoded})
