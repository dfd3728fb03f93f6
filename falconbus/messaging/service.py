"""Telling travellers, staff and clients what happened: exactly one message for each event."""

from collections.abc import Collection

from falconbus.bookings.errors import BookingNotConfirmed
from falconbus.bookings.models import BookingStatus
from falconbus.messaging import queries
from falconbus.messaging.calendar_file import calendar_file
from falconbus.messaging.document import TravelDocument, get_travel_document
from falconbus.messaging.lazy_ticket_pdf import ticket_pdf
from falconbus.messaging.mail_kinds import CHARTER, HOLD_EXPIRED, NOTIFICATION
from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.mailing import service as mailing


def mail_notification(notification_id: int, outbox_id: int) -> None:
    """Have a notification go out by mail, once, if its reader still wants and needs that."""
    address = queries.find_reader(notification_id)
    if address is not None:
        mailing.tell(NOTIFICATION, notification_id, address)
    jobs.done(outbox_id)


def tell_client(change_id: int, outbox_id: int, client: str | None = None) -> None:
    """Have a charter's client told of a change by mail, once, if it still holds; `client`: see mailing.tell."""
    address = queries.find_client(change_id)
    if address is not None:
        mailing.tell(CHARTER, change_id, address, client=client)
    jobs.done(outbox_id)


def tell_hold_expired(booking_ids: Collection[int]) -> None:
    """Have travellers told, once, of those of these holds that ran out with no payment to wait for.

    Wants the bookings locked. To be called when holds have expired, and when a payment has ended without money.
    """
    for booking in queries.find_travellers_of_expired(booking_ids):
        mailing.tell(HOLD_EXPIRED, booking.id, booking.email, client=booking.client)


def find_ticket_pdf(booking_id: int) -> bytes:
    """The tickets of a confirmed booking to print; BookingNotFound, BookingNotConfirmed."""
    return ticket_pdf(_get_paid(booking_id))


def find_calendar(booking_id: int) -> bytes:
    """The journeys of a booking for a calendar app, which takes out cancelled ones; see find_ticket_pdf."""
    return calendar_file(_get_paid(booking_id, also_cancelled=True))


def _get_paid(booking_id: int, *, also_cancelled: bool = False) -> TravelDocument:
    document = get_travel_document(booking_id)
    booking = document.booking
    is_cancelled = booking.was_paid and booking.status in {BookingStatus.CANCELLED, BookingStatus.REFUNDED}
    if not (booking.is_confirmed or (also_cancelled and is_cancelled)):
        raise BookingNotConfirmed
    # Papers are made of what was read, and nobody waits for our connection meanwhile.
    transactions.end_reading()
    return document
