"""Cancelling, with a quote first and a refund afterwards."""

from collections.abc import Collection

from falconbus.accounts import audit
from falconbus.bookings import service as bookings
from falconbus.bookings.models import BookingStatus
from falconbus.bookings.read_model import BookingDetails
from falconbus.bookings.service import Cancellation
from falconbus.checkout import asking, refunding
from falconbus.checkout.permissions import WAIVE_FEES
from falconbus.messaging.mail_kinds import CANCELLATION
from falconbus.payments import service as payments
from falconbus.platform.kit import clock
from falconbus.platform.mailing import service as mailing
from falconbus.platform.web.identity import Forbidden, Identity


def quote(
    reference: str,
    passengers: Collection[int] | None,
    identity: Identity,
    email: str | None,
    *,
    waiver: str | None = None,
) -> Cancellation:
    """What cancelling would come to; nothing changes. `waiver`: why the fee is waived."""
    booking = bookings.load_visible(reference, identity, email)
    check_may_waive(waiver, identity)
    return bookings.quote_cancellation(booking, passengers, clock.now(), waives_fee=waiver is not None)


def cancel(
    reference: str,
    passengers: Collection[int] | None,
    identity: Identity,
    email: str | None,
    *,
    waiver: str | None = None,
) -> BookingDetails:
    """Cancel passengers (None for all): seats free, money owed back and mail queued, all in one transaction.

    With a waiver everything comes back, also of coaches that have left; the audit log keeps why.
    """
    now = clock.now()
    booking = bookings.lock_visible(reference, identity, email)
    check_may_waive(waiver, identity)
    asking.check_nobody_pays(booking)
    cancellation = bookings.quote_cancellation(booking, passengers, now, waives_fee=waiver is not None)
    if waiver is not None:
        audit.record("waive_fee", "bookings", booking.reference, reason=waiver, refund=cancellation.refund)
    was_paid = booking.status == BookingStatus.CONFIRMED
    bookings.cancel(booking, cancellation, now)
    if cancellation.refund > 0:
        refunding.owe(payments.get_by_key(booking.payment_id or ""), cancellation.refund, "cancelled")
    if was_paid:
        mailing.tell(CANCELLATION, booking.id, booking.email)
    return bookings.get_details(booking.id)


def check_may_waive(waiver: str | None, identity: Identity) -> None:
    if waiver is not None and not identity.may(WAIVE_FEES):
        raise Forbidden
