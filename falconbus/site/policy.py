"""Rules on a booking as travellers see it: the state it is in, and what of it can still be cancelled."""

from datetime import datetime
from enum import StrEnum

from falconbus.bookings.models import BookingStatus
from falconbus.bookings.read_model import BookingDetails


class State(StrEnum):
    """What a traveller is told first; finer than the booking's status."""

    HELD = "held"
    PAYING = "paying"
    CONFIRMED = "confirmed"
    PARTLY_CANCELLED = "partly cancelled"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


def may_be_paying(booking: BookingDetails) -> bool:
    """A payment can be under way: its money may even come after the hold has run out."""
    return booking.status in {BookingStatus.HELD, BookingStatus.EXPIRED}


def state_of(booking: BookingDetails, *, is_paying: bool, now: datetime) -> State:
    """The state of a booking; a hold whose time is over has expired, whether or not it was swept yet."""
    if is_paying and may_be_paying(booking):
        return State.PAYING
    if booking.status == BookingStatus.HELD:
        return State.HELD if booking.expires_at > now else State.EXPIRED
    if booking.is_confirmed and booking.cancelled_tickets:
        return State.PARTLY_CANCELLED
    return State(booking.status)


def passengers_ahead(booking: BookingDetails, now: datetime) -> set[int]:
    """Numbers of the passengers with a ticket for a journey that has not left."""
    return {
        ticket.passenger.number
        for journey in booking.journeys
        if not journey.has_left(now)
        for ticket in journey.live_tickets
    }


def journeys_ahead(booking: BookingDetails, now: datetime) -> set[int]:
    """Numbers of the journeys that have not left, and that somebody has a ticket for."""
    return {journey.number for journey in booking.live_journeys if not journey.has_left(now)}


def can_cancel(state: State, booking: BookingDetails, now: datetime) -> bool:
    return state in {State.HELD, State.CONFIRMED, State.PARTLY_CANCELLED} and bool(passengers_ahead(booking, now))
