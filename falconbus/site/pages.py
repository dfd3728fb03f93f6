"""What the pages show of a booking besides the booking."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from falconbus.bookings.read_model import BookingDetails, JourneyDetails
from falconbus.bookings.service import Cancellation
from falconbus.checkout.cancelling import Expected
from falconbus.platform.kit import clock
from falconbus.platform.mailing.models import MailStatus
from falconbus.site import policy
from falconbus.site.policy import State
from falconbus.site.schemas import Choice


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingPage:
    """A booking as it stands `now`."""

    booking: BookingDetails
    state: State
    now: datetime

    @classmethod
    def of(cls, booking: BookingDetails, *, is_paying: bool) -> "BookingPage":
        now = clock.now()
        return cls(booking=booking, state=policy.state_of(booking, is_paying=is_paying, now=now), now=now)

    @property
    def can_cancel(self) -> bool:
        return policy.can_cancel(self.state, self.booking, self.now)

    @property
    def undelivered_to(self) -> str | None:
        """Return where a mail about the booking could not be delivered to, the newest such address; None of none."""
        refused = [mail.recipient for mail in self.booking.mails if mail.status == MailStatus.FAILED]
        return refused[-1] if refused else None

    @property
    def expires_at(self) -> datetime:
        """Local to the first stop."""
        return clock.local(self.booking.expires_at, self.booking.journeys[0].origin.time_zone)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passenger who can be cancelled."""

    number: int
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class JourneyCandidate:
    """A journey that can be cancelled."""

    journey: JourneyDetails
    is_chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelPage:
    """Who and what can be cancelled, what is chosen, and its quote; `ending` are journeys with the tickets that end.

    There are no journeys to choose from when there is only one.
    """

    reference: str
    candidates: list[Candidate]
    journeys: list[JourneyCandidate]
    is_paid: bool
    quote: Cancellation | None
    ending: list[JourneyDetails]

    @classmethod
    def of(cls, booking: BookingDetails, choice: Choice, quote: Cancellation) -> "CancelPage":
        now = clock.now()
        ahead, journeys_ahead = policy.passengers_ahead(booking, now), policy.journeys_ahead(booking, now)
        chosen = choice.passengers if choice.is_made else ahead
        is_journey_meant = not choice.is_made or len(journeys_ahead) == 1
        journeys_chosen = journeys_ahead if is_journey_meant else choice.journeys
        return cls(
            reference=booking.reference,
            candidates=[
                Candidate(who.number, who.name, who.number in chosen)
                for who in booking.passengers
                if who.number in ahead
            ],
            journeys=[
                JourneyCandidate(journey, journey.number in journeys_chosen)
                for journey in booking.journeys
                if journey.number in journeys_ahead
            ],
            is_paid=booking.is_confirmed,
            quote=quote if chosen and journeys_chosen else None,
            ending=_journeys_with(booking, quote.tickets),
        )

    @property
    def amounts(self) -> Expected | None:
        """What the form is sent with: the amounts shown."""
        return None if self.quote is None else Expected.of(self.quote)

    @property
    def has_choice(self) -> bool:
        return len(self.candidates) > 1 or len(self.journeys) > 1


def _journeys_with(booking: BookingDetails, tickets: Collection[tuple[int, int]]) -> list[JourneyDetails]:
    """The journeys with those of their tickets alone that `tickets` names, as (journey, passenger)."""
    picked = [
        replace(
            journey,
            tickets=tuple(ticket for ticket in journey.tickets if (journey.number, ticket.passenger.number) in tickets),
        )
        for journey in booking.journeys
    ]
    return [journey for journey in picked if journey.tickets]
