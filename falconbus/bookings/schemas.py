"""Request and response shapes of bookings."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from pydantic import BeforeValidator, Field, StringConstraints

from falconbus.bookings.holding import JourneyRequest, PassengerRequest
from falconbus.bookings.models import BookingStatus, TicketStatus
from falconbus.bookings.payment_reads import PaymentState
from falconbus.bookings.read_model import BookingDetails, JourneyDetails, MailDetails, TicketDetails
from falconbus.fares.passenger_types import PassengerType
from falconbus.platform.kit import clock, money
from falconbus.platform.kit.fields import Email, Key, Phone
from falconbus.platform.kit.person_names import PersonName
from falconbus.platform.kit.schema import Body, OneLine, Query, Secret
from falconbus.platform.kit.settings import get_settings

SeatNumber = Annotated[OneLine, StringConstraints(max_length=4)]
StopCode = Annotated[OneLine, StringConstraints(max_length=16)]


class JourneyIn(Body):
    """A ride. Without `fare_class` the cheapest with room; `seats` in the passengers' order, or chosen for them."""

    schedule_id: Key
    origin: StopCode
    destination: StopCode
    fare_class: Annotated[OneLine, StringConstraints(max_length=32)] | None = None
    seats: Annotated[list[SeatNumber], Field(min_length=1, max_length=9)] | None = None

    def to_request(self) -> JourneyRequest:
        return JourneyRequest(self.schedule_id, self.origin, self.destination, self.fare_class, self.seats)


class PassengerIn(Body):
    name: PersonName
    type: PassengerType = "adult"

    def to_request(self) -> PassengerRequest:
        return PassengerRequest(self.name, self.type)


class ContactIn(Body):
    """Where the tickets go. Only who sells at the counter may send `null` for `email`: nothing is mailed then."""

    email: Email | None
    phone: Phone | None = None


def _none_if_empty(value: object) -> object:
    """A form sends the field that nobody filled in."""
    return None if isinstance(value, str) and not value.strip() else value


class BookingIn(Body):
    """What to hold: all of it, or nothing."""

    journeys: Annotated[list[JourneyIn], Field(min_length=1, max_length=6)]
    passengers: Annotated[list[PassengerIn], Field(min_length=1, max_length=9)]
    contact: ContactIn
    promo_code: Annotated[
        Annotated[OneLine, StringConstraints(max_length=32)] | None, BeforeValidator(_none_if_empty)
    ] = None


class AccessQuery(Query):
    """`email`: the contact's address, for travellers without their manage token."""

    credentials = frozenset({"email"})

    email: Annotated[str, StringConstraints(max_length=254)] | None = None


class PassengerOut(msgspec.Struct):
    number: int
    name: str
    type: str


class FareStepOut(msgspec.Struct, omit_defaults=True):
    """One step of how a fare came about."""

    rule: str
    amount: str
    percent: int | None = None


class TicketOut(msgspec.Struct):
    """A passenger's ticket; its `code`, which the QR shows, is there once the booking is confirmed."""

    passenger: int
    seat: str
    fare: str
    fare_rules: list[FareStepOut]
    status: str
    code: str | None

    @classmethod
    def of(cls, ticket: TicketDetails, currency: str) -> "TicketOut":
        rules = [
            FareStepOut(step["rule"], money.to_text(step["amount"], currency), step.get("percent"))
            for step in ticket.fare_trace
        ]
        code = ticket.code if ticket.status == TicketStatus.ISSUED else None
        fare = money.to_text(ticket.fare, currency)
        return cls(ticket.passenger.number, ticket.seat_number, fare, rules, ticket.status, code)


class JourneyOut(msgspec.Struct):
    """A ride; `route_name`, `fare_class_name`, `refundable` and `conditions` are those of the sale.

    `cancellation_reason`: why the operator has cancelled its departure, null while it runs.
    """

    number: int
    schedule_id: int
    route_name: str
    bus_number: str
    fare_class: str
    fare_class_name: str
    refundable: bool
    conditions: str
    origin: str
    origin_name: str
    destination: str
    destination_name: str
    departure_time: datetime
    arrival_time: datetime
    cancellation_reason: str | None
    tickets: list[TicketOut]

    @classmethod
    def of(cls, journey: JourneyDetails, currency: str) -> "JourneyOut":
        origin, destination = journey.origin, journey.destination
        return cls(
            number=journey.number,
            schedule_id=journey.schedule_id,
            route_name=journey.route_name,
            bus_number=journey.bus_number,
            fare_class=journey.fare_class_code,
            fare_class_name=journey.fare_class_name,
            refundable=journey.refundable,
            conditions=journey.conditions,
            origin=origin.code,
            origin_name=origin.name,
            destination=destination.code,
            destination_name=destination.name,
            departure_time=origin.at,
            arrival_time=destination.at,
            cancellation_reason=journey.cancellation_reason,
            tickets=[TicketOut.of(ticket, currency) for ticket in journey.tickets],
        )


class ContactOut(msgspec.Struct):
    email: str | None
    phone: str | None


class MailOut(msgspec.Struct):
    """A mail about the booking: queued, sending, sent, failed or dropped, and the `reason` of what is not sent.

    `failed` ones, as to an address that does not exist (`SMTP 550 5.1.1: the recipient was refused`), can be sent again
    once the contact is corrected; `dropped` ones no longer hold, or are too many of what nobody has paid for.
    """

    id: int
    kind: str
    recipient: str
    status: str
    reason: str | None
    created_at: datetime
    sent_at: datetime | None

    @classmethod
    def of(cls, mail: MailDetails) -> "MailOut":
        return cls(**{name: getattr(mail, name) for name in cls.__struct_fields__})


class PapersOut(msgspec.Struct):
    """Addresses of what a paid booking has on paper; they want the same credentials as the booking."""

    ticket: str
    calendar: str

    @classmethod
    def of(cls, reference: str) -> "PapersOut":
        booking = f"{get_settings().public_url}/api/v1/bookings/{reference}"
        return cls(ticket=f"{booking}/ticket.pdf", calendar=f"{booking}/calendar.ics")


class BookingOut(msgspec.Struct):
    """A booking. `expires_at`, and in `expires_in` seconds from now, while it is held; `papers` once it was paid.

    `refund` and `fee` of what was cancelled.

    `payment`: null before anybody has tried to pay, `pending` while money may have been taken and nobody can say yet,
    `paid` once it has confirmed the booking, `failed` when nothing was taken or it went back.
    """

    reference: str
    status: str
    payment: PaymentState | None
    expires_at: datetime | None
    expires_in: int | None
    papers: PapersOut | None
    total: str
    currency: str
    refund: str
    fee: str
    contact: ContactOut
    passengers: list[PassengerOut]
    journeys: list[JourneyOut]
    mails: list[MailOut]
    created_at: datetime

    @classmethod
    def of(cls, booking: BookingDetails) -> "BookingOut":
        return cls(**_booking_fields(booking))


class HeldBookingOut(BookingOut):
    """A booking just made, with the token that manages it."""

    manage_token: Secret

    @classmethod
    def made(cls, booking: BookingDetails, manage_token: str) -> "HeldBookingOut":
        return cls(**_booking_fields(booking), manage_token=manage_token)


class CorrectedBookingOut(BookingOut):
    """A corrected booking; `link_renewed`: whether the links that were given out have ended.

    `manage_token`: the new one then, for who has corrected it with one that has ended.
    """

    link_renewed: bool
    manage_token: Secret | None

    @classmethod
    def corrected(
        cls, booking: BookingDetails, *, link_renewed: bool, manage_token: str | None
    ) -> "CorrectedBookingOut":
        return cls(**_booking_fields(booking), link_renewed=link_renewed, manage_token=manage_token)


def _booking_fields(booking: BookingDetails) -> dict[str, Any]:
    currency = booking.currency
    expires_at = booking.expires_at if booking.status == BookingStatus.HELD else None
    return {
        "reference": booking.reference,
        "status": booking.status,
        "payment": booking.payment,
        "expires_at": expires_at,
        "expires_in": expires_at and max(0, int((expires_at - clock.now()).total_seconds())),
        "papers": PapersOut.of(booking.reference) if booking.payment_id else None,
        "total": money.to_text(booking.total, currency),
        "currency": currency,
        "refund": money.to_text(booking.refund_amount, currency),
        "fee": money.to_text(booking.fee_amount, currency),
        "contact": ContactOut(booking.email, booking.phone),
        "passengers": [
            PassengerOut(passenger.number, passenger.name, passenger.type) for passenger in booking.passengers
        ],
        "journeys": [JourneyOut.of(journey, currency) for journey in booking.journeys],
        "mails": [MailOut.of(mail) for mail in booking.mails],
        "created_at": booking.created_at,
    }
