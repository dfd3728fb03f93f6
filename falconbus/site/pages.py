"""What the pages show of a booking."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from falconbus.bookings.models import BookingStatus, TicketStatus
from falconbus.bookings.record import BookingRecord, JourneyRecord
from falconbus.bookings.service import Cancellation
from falconbus.platform.kit import clock
from falconbus.site import policy
from falconbus.site.policy import State
from falconbus.site.schemas import Choice


@dataclass(frozen=True, slots=True)
class End:
    """Where and when a ride begins or ends; `at` is local."""

    label: str
    name: str
    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One passenger's ticket."""

    passenger_number: int
    passenger: str
    seat: str
    fare: int
    is_live: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Ride:
    """One journey with its tickets, by passenger number."""

    number: int
    route_name: str
    bus_number: str
    fare_class: str
    refundable: bool
    has_left: bool
    duration: timedelta
    origin: End
    destination: End
    lines: list[Line]

    @property
    def crosses_zones(self) -> bool:
        """Clocks at the two ends differ on the day, so a time without its zone would mislead."""
        return self.origin.at.utcoffset() != self.destination.at.utcoffset()


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingPage:
    """A booking. Amounts are integers of the currency's smallest unit; `expires_at` is local to the first stop."""

    reference: str
    email: str
    state: State
    expires_at: datetime
    total: int
    refund: int
    fee: int
    currency: str
    can_cancel: bool
    has_papers: bool
    rides: list[Ride]

    @property
    def was_paid(self) -> bool:
        return bool(self.has_papers or self.refund or self.fee)

    @classmethod
    def of(cls, record: BookingRecord, class_names: Mapping[str, str], *, is_paying: bool) -> "BookingPage":
        now = clock.now()
        state = policy.state_of(record, is_paying=is_paying, now=now)
        return cls(
            reference=record.reference,
            email=record.email,
            state=state,
            expires_at=clock.local(record.expires_at, record.journeys[0].origin_zone),
            total=record.total,
            refund=record.refund_amount,
            fee=record.fee_amount,
            currency=record.currency,
            can_cancel=policy.can_cancel(state, record, now),
            has_papers=record.status == BookingStatus.CONFIRMED,
            rides=_rides(record, class_names, now),
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passenger who can be cancelled."""

    number: int
    name: str
    is_chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelPage:
    """Who can be cancelled, who is chosen, and their quote; `ending` are rides with the tickets that would end."""

    reference: str
    candidates: list[Candidate]
    is_paid: bool
    quote: Cancellation | None
    ending: list[Ride]

    @classmethod
    def of(cls, record: BookingRecord, choice: Choice, quote: Cancellation) -> "CancelPage":
        now = clock.now()
        ahead = policy.passengers_ahead(record, now)
        chosen = choice.passengers if choice.is_made else ahead
        return cls(
            reference=record.reference,
            candidates=[
                Candidate(who.number, who.name, who.number in chosen)
                for who in record.passengers
                if who.number in ahead
            ],
            is_paid=record.status == BookingStatus.CONFIRMED,
            quote=quote if chosen else None,
            ending=_rides(record, {}, now, quote.tickets),
        )


def _rides(
    record: BookingRecord,
    class_names: Mapping[str, str],
    now: datetime,
    tickets: Collection[tuple[int, int]] | None = None,
) -> list[Ride]:
    """The rides; with `tickets`, as (journey, passenger), only those of them and their rides."""
    names = {who.number: who.name for who in record.passengers}
    rides = [_ride(journey, names, class_names, now) for journey in record.journeys]
    if tickets is None:
        return rides
    picked = [
        replace(ride, lines=[line for line in ride.lines if (ride.number, line.passenger_number) in tickets])
        for ride in rides
    ]
    return [ride for ride in picked if ride.lines]


def _ride(journey: JourneyRecord, names: Mapping[int, str], class_names: Mapping[str, str], now: datetime) -> Ride:
    origin_at = clock.local(journey.departs_at, journey.origin_zone)
    destination_at = clock.local(journey.arrives_at, journey.destination_zone)
    return Ride(
        number=journey.number,
        route_name=journey.route_name,
        bus_number=journey.bus_number,
        fare_class=class_names.get(journey.fare_class, journey.fare_class),
        refundable=journey.refundable,
        has_left=journey.departs_at <= now,
        duration=journey.arrives_at - journey.departs_at,
        origin=End("From", journey.origin_name, journey.origin, origin_at),
        destination=End("To", journey.destination_name, journey.destination, destination_at),
        lines=[
            Line(
                ticket.passenger_number,
                names[ticket.passenger_number],
                ticket.seat_number,
                ticket.fare,
                ticket.status != TicketStatus.CANCELLED,
            )
            for ticket in journey.tickets
        ],
    )
