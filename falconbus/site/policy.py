"""Rules on a booking as travellers see it: the state it is in, and who of it can still be cancelled."""

from datetime import datetime
from enum import StrEnum

from falconbus.bookings.models import BookingStatus, TicketStatus
from falconbus.bookings.record import BookingRecord


class State(StrEnum):
    """What a traveller is told first; finer than the booking's status."""

    HELD = "held"
    PAYING = "paying"
    CONFIRMED = "confirmed"
    PARTLY_CANCELLED = "partly cancelled"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


def may_be_paying(record: BookingRecord) -> bool:
    """A payment can be under way: its money may even come after the hold has run out."""
    return record.status in {BookingStatus.HELD, BookingStatus.EXPIRED}


def state_of(record: BookingRecord, *, is_paying: bool, now: datetime) -> State:
    """The state of a booking; a hold whose time is over has expired, whether or not it was swept yet."""
    if is_paying and may_be_paying(record):
        return State.PAYING
    if record.status == BookingStatus.HELD:
        return State.HELD if record.expires_at > now else State.EXPIRED
    if record.status == BookingStatus.CONFIRMED and _has_cancelled_tickets(record):
        return State.PARTLY_CANCELLED
    return State(record.status)


def passengers_ahead(record: BookingRecord, now: datetime) -> set[int]:
    """Numbers of the passengers with a ticket for a journey that has not left."""
    return {
        ticket.passenger_number
        for journey in record.journeys
        if journey.departs_at > now
        for ticket in journey.tickets
        if ticket.status != TicketStatus.CANCELLED
    }


def can_cancel(state: State, record: BookingRecord, now: datetime) -> bool:
    return state in {State.HELD, State.CONFIRMED, State.PARTLY_CANCELLED} and bool(passengers_ahead(record, now))


def _has_cancelled_tickets(record: BookingRecord) -> bool:
    return any(ticket.status == TicketStatus.CANCELLED for journey in record.journeys for ticket in journey.tickets)
