"""The read model of a booking, used by the API, mails, tickets, calendars and pages.

Immutable values made by queries.py. A field with the name of a column of its table holds that column. Amounts are
integers of the currency's smallest unit; instants are UTC.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from falconbus.bookings.models import BookingStatus, TicketStatus
from falconbus.bookings.payment_reads import PaymentState
from falconbus.fares import refunds
from falconbus.fares.passenger_types import PassengerType
from falconbus.fares.refunds import RefundStep
from falconbus.platform.kit import clock


@dataclass(frozen=True, slots=True)
class PassengerDetails:
    number: int
    name: str
    type: PassengerType
    #: How often the name was corrected.
    revision: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketDetails:
    """One passenger on one journey."""

    passenger: PassengerDetails
    seat_number: str
    fare: int
    fare_trace: list[dict[str, Any]]
    code: str
    status: str

    @property
    def is_live(self) -> bool:
        return self.status != TicketStatus.CANCELLED


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """The stop and time at which a journey begins or ends; `at` has the offset of the stop's time zone."""

    code: str
    name: str
    city: str
    time_zone: str
    description: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class JourneyDetails:
    """One ride with its tickets, by passenger number.

    As they were sold: the route's name, the class's name, its conditions and refunds. As they were told last: the
    times. As they are now: the bus, and the stops' names and zones, by which a traveller finds the coach.
    """

    number: int
    schedule_id: int
    route_name: str
    route_id: int
    bus_id: int
    bus_number: str
    fare_class_code: str
    fare_class_name: str
    conditions: str
    refund_steps: list[RefundStep]
    origin_code: str
    origin_name: str
    origin_city: str
    origin_zone: str
    origin_description: str
    origin_position: int
    destination_code: str
    destination_name: str
    destination_city: str
    destination_zone: str
    destination_description: str
    destination_position: int
    departs_at: datetime
    arrives_at: datetime
    #: The times of the sale, where they were others.
    sold_departs_at: datetime | None
    sold_arrives_at: datetime | None
    revision: int
    #: Why the departure does not run; None while it does.
    cancellation_reason: str | None
    tickets: tuple[TicketDetails, ...]

    @property
    def origin(self) -> Call:
        return Call(
            code=self.origin_code,
            name=self.origin_name,
            city=self.origin_city,
            time_zone=self.origin_zone,
            description=self.origin_description,
            at=clock.local(self.departs_at, self.origin_zone),
        )

    @property
    def destination(self) -> Call:
        return Call(
            code=self.destination_code,
            name=self.destination_name,
            city=self.destination_city,
            time_zone=self.destination_zone,
            description=self.destination_description,
            at=clock.local(self.arrives_at, self.destination_zone),
        )

    @property
    def refundable(self) -> bool:
        return bool(self.refund_steps)

    @property
    def legs(self) -> range:
        """Return the legs of the route that the journey covers."""
        return range(self.origin_position, self.destination_position)

    @property
    def duration(self) -> timedelta:
        return self.arrives_at - self.departs_at

    @property
    def crosses_zones(self) -> bool:
        """Tell whether UTC offsets differ at the two ends, so that times must be shown with their zones."""
        return self.origin.at.utcoffset() != self.destination.at.utcoffset()

    @property
    def live_tickets(self) -> tuple[TicketDetails, ...]:
        return tuple(ticket for ticket in self.tickets if ticket.is_live)

    @property
    def cancelled_tickets(self) -> tuple[TicketDetails, ...]:
        return tuple(ticket for ticket in self.tickets if not ticket.is_live)

    @property
    def may_be_left_free(self) -> bool:
        """Tell whether the operator has moved it so far from the times of the sale that cancelling costs nothing."""
        times = ((self.sold_departs_at, self.departs_at), (self.sold_arrives_at, self.arrives_at))
        return any(sold is not None and refunds.is_moved_far(sold, now) for sold, now in times)

    def has_left(self, now: datetime) -> bool:
        return self.departs_at <= now


@dataclass(frozen=True, kw_only=True, slots=True)
class MailDetails:
    """A mail about a booking, and how far it has come; `reason` why it has not (yet)."""

    id: int
    kind: str
    recipient: str
    status: str
    reason: str | None
    created_at: datetime
    sent_at: datetime | None
    edition: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingDetails:
    """A booking with its journeys, in the order of the request."""

    id: int
    reference: str
    status: str
    email: str | None
    phone: str | None
    total: int
    currency: str
    #: Of cancelled tickets: the amount refunded to the traveller, and the amount kept.
    refund_amount: int
    fee_amount: int
    created_at: datetime
    expires_at: datetime
    payment_id: str | None
    link_version: int
    #: None: nobody has tried to pay. A pending one may have taken money.
    payment: PaymentState | None = None
    journeys: tuple[JourneyDetails, ...]
    #: Oldest first.
    mails: tuple[MailDetails, ...] = ()

    @property
    def is_confirmed(self) -> bool:
        return self.status == BookingStatus.CONFIRMED

    @property
    def was_paid(self) -> bool:
        return self.payment_id is not None

    @property
    def passengers(self) -> tuple[PassengerDetails, ...]:
        """Return all passengers, by number."""
        by_number = {
            ticket.passenger.number: ticket.passenger for journey in self.journeys for ticket in journey.tickets
        }
        return tuple(by_number[number] for number in sorted(by_number))

    @property
    def live_journeys(self) -> tuple[JourneyDetails, ...]:
        """Return the journeys that have tickets not cancelled."""
        return tuple(journey for journey in self.journeys if journey.live_tickets)

    @property
    def is_disrupted(self) -> bool:
        """Tell whether the operator has cancelled a departure of the booking: its refunds are not of one kind then."""
        return any(journey.cancellation_reason is not None for journey in self.journeys)

    @property
    def remainder(self) -> "BookingDetails":
        """Return the booking without what was cancelled of it, or as it is when nothing would be left."""
        live = tuple(replace(journey, tickets=journey.live_tickets) for journey in self.live_journeys)
        return replace(self, journeys=live) if live else self

    @property
    def cancelled_tickets(self) -> tuple[TicketDetails, ...]:
        return tuple(ticket for journey in self.journeys for ticket in journey.cancelled_tickets)
