"""A booking as mails, tickets and calendars tell it: a plain value, made by one query."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from falconbus.bookings.models import BookingStatus, TicketStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """Where and when a journey begins or ends; `at` has the offset of the stop's time zone."""

    name: str
    code: str
    city: str
    at: datetime
    time_zone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TravelTicket:
    """One passenger on one journey."""

    passenger: str
    passenger_number: int
    seat: str
    fare: int
    code: str
    status: str

    @property
    def is_live(self) -> bool:
        return self.status != TicketStatus.CANCELLED


@dataclass(frozen=True, kw_only=True, slots=True)
class TravelJourney:
    """One ride with its tickets, by passenger number."""

    number: int
    route: str
    origin: Call
    destination: Call
    bus_number: str
    fare_class: str
    conditions: str
    tickets: tuple[TravelTicket, ...]

    @property
    def live_tickets(self) -> tuple[TravelTicket, ...]:
        return tuple(ticket for ticket in self.tickets if ticket.is_live)

    @property
    def cancelled_tickets(self) -> tuple[TravelTicket, ...]:
        return tuple(ticket for ticket in self.tickets if not ticket.is_live)

    @property
    def crosses_zones(self) -> bool:
        """Clocks at the two ends differ on the day, so a time without its zone would mislead."""
        return self.origin.at.utcoffset() != self.destination.at.utcoffset()

    @property
    def duration(self) -> timedelta:
        """Elapsed time: the difference of two local times in one zone would be that of their wall clocks."""
        return self.destination.at.astimezone(UTC) - self.origin.at.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class ReturnedPayment:
    """A payment given back because it was not needed: `paid_twice`, or `too_late` for the seats."""

    amount: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TravelDocument:
    """A booking. Amounts are integers of the currency's smallest unit."""

    operator: str
    reference: str
    status: str
    email: str
    total: int
    currency: str
    created_at: datetime
    public_url: str
    #: With the manage token: a secret of the traveller's.
    manage_url: str
    was_paid: bool
    #: What the cancelled tickets had cost is given back or kept.
    refund: int
    fee: int
    #: In the order they were returned.
    returned: tuple[ReturnedPayment, ...]
    journeys: tuple[TravelJourney, ...]

    @property
    def is_confirmed(self) -> bool:
        return self.status == BookingStatus.CONFIRMED

    @property
    def live_journeys(self) -> tuple[TravelJourney, ...]:
        return tuple(journey for journey in self.journeys if journey.live_tickets)

    @property
    def search_url(self) -> str:
        """Where the same first journey can be looked for again."""
        journey = self.journeys[0]
        query = {
            "origin": journey.origin.code,
            "destination": journey.destination.code,
            "date": journey.origin.at.date().isoformat(),
            "passengers": len(self.passengers),
        }
        return f"{self.public_url}/?{urlencode(query)}"

    @property
    def passengers(self) -> tuple[str, ...]:
        """Everybody's name once, by passenger number."""
        names = {ticket.passenger_number: ticket.passenger for journey in self.journeys for ticket in journey.tickets}
        return tuple(names[number] for number in sorted(names))
