"""Cancelling, with a quote first and a refund afterwards."""

from collections.abc import Collection

from falconbus.bookings import service as bookings
from falconbus.bookings.models import BookingStatus
from falconbus.bookings.read_model import BookingDetails
from falconbus.bookings.service import Cancellation
from falconbus.checkout import asking, refunding
from falconbus.messaging.mail_kinds import CANCELLATION
from falconbus.payments import service as payments
from falconbus.platform.kit import clock
from falconbus.platform.mailing import service as mailing
from falconbus.platform.web.identity import Identity


def quote(reference: str, passengers: Collection[int] | None, identity: Identity, email: str | None) -> Cancellation:
    """What cancelling would come to; nothing changes."""
    booking = bookings.load_visible(reference, identity, email)
    return bookings.quote_cancellation(booking, passengers, clock.now())


def cancel(reference: str, passengers: Collection[int] | None, identity: Identity, email: str | None) -> BookingDetails:
    """Cancel passengers (None for all): seats free, money owed back and mail queued, all in one transaction."""
    now = clock.now()
    booking = bookings.lock_visible(reference, identity, email)
    asking.check_nobody_pays(booking)
    cancellation = bookings.quote_cancellation(booking, passengers, now)
    was_paid = booking.status == BookingStatus.CONFIRMED
    bookings.cancel(booking, cancellation, now)
    if cancellation.refund > 0:
        refunding.owe(payments.get_by_key(booking.payment_id or ""), cancellation.refund, "cancelled")
    if was_paid:
        mailing.tell(CANCELLATION, booking.id, booking.email)
    return bookings.get_details(booking.id)
