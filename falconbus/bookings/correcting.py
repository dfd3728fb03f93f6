"""Corrections of a locked booking: contact, link, a passenger's name. Mails about them are the business of checkout."""

from datetime import datetime

from falconbus.bookings import policy, queries, service
from falconbus.bookings.errors import OtherPerson, PassengerNotFound, TooLateToCorrect
from falconbus.bookings.models import Booking, Passenger
from falconbus.platform.database.engine import db


def set_contact(booking: Booking, changes: dict[str, str | None]) -> bool:
    """Change `email` and `phone`; another address renews the link, and True is returned."""
    email = changes.get("email") or booking.email
    has_other_address = email != booking.email
    booking.email = email
    booking.phone = changes.get("phone", booking.phone)
    if has_other_address:
        end_links(booking)
    db.session.flush()
    return has_other_address


def end_links(booking: Booking) -> None:
    """Let the tokens that were given out open nothing any more."""
    booking.link_version += 1
    db.session.flush()


def set_name(booking: Booking, number: int, name: str, now: datetime, *, by_staff: bool) -> str | None:
    """Correct the name of a passenger who has a ride ahead; return the name before, None when it was the same.

    Raises HoldExpired, BookingOver, PassengerNotFound, TooLateToCorrect, and OtherPerson for what only the staff may.
    """
    service.check_cancellable(booking, now)
    rides = [
        journey
        for journey in queries.journeys(booking.id)
        if number in {ticket.passenger.number for ticket in journey.live_tickets}
    ]
    if not rides:
        raise PassengerNotFound
    if all(journey.has_left(now) for journey in rides):
        raise TooLateToCorrect
    passenger = db.session.get_one(Passenger, (booking.id, number), populate_existing=True)
    before = passenger.name
    if before == name:
        return None
    if not by_staff and (passenger.revision > 0 or not policy.is_correction(before, name)):
        raise OtherPerson
    passenger.name = name
    passenger.revision += 1
    db.session.flush()
    return before
