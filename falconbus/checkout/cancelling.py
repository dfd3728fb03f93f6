"""Cancelling with a refund, and paying refunds out."""

from collections.abc import Collection

from falconbus.bookings import service as bookings
from falconbus.bookings.models import BookingStatus
from falconbus.bookings.read_model import BookingDetails
from falconbus.bookings.service import Cancellation
from falconbus.checkout.jobs import REFUND
from falconbus.messaging import service as messaging
from falconbus.messaging.models import MailEvent
from falconbus.payments import service as payments
from falconbus.payments.errors import PaymentInProgress, RefundNotFound
from falconbus.payments.models import Payment, Refund, RefundStatus
from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.integrations.payments.provider import ProviderFault
from falconbus.platform.kit import clock
from falconbus.platform.web.identity import Identity


def quote(reference: str, passengers: Collection[int] | None, identity: Identity, email: str | None) -> Cancellation:
    """What cancelling would come to; nothing changes."""
    booking = bookings.load_visible(reference, identity, email)
    return bookings.quote_cancellation(booking, passengers, clock.now())


def cancel(reference: str, passengers: Collection[int] | None, identity: Identity, email: str | None) -> BookingDetails:
    """Cancel passengers (None for all): seats free, money owed back and mail queued, all in one transaction."""
    now = clock.now()
    booking = bookings.lock_visible(reference, identity, email)
    cancellation = bookings.quote_cancellation(booking, passengers, now)
    if payments.has_open_attempt(booking.id):
        raise PaymentInProgress
    was_paid = booking.status == BookingStatus.CONFIRMED
    bookings.cancel(booking, cancellation, now)
    if cancellation.refund > 0:
        _owe(payments.get_by_key(booking.payment_id or ""), cancellation.refund)
    if was_paid:
        messaging.tell(booking.id, MailEvent.CANCELLATION)
    return bookings.get_details(booking.id)


def pay_refund(refund_id: int, outbox_id: int) -> None:
    """Have the provider give money back, once; asked again later when it fails."""
    refund = payments.lock_refund(refund_id)
    if refund.status != RefundStatus.DUE:
        jobs.done(outbox_id)
        return
    payment = db.session.get_one(Payment, refund.payment_id)
    key, charge_key, amount, currency = refund.key, payment.key, refund.amount, payment.currency
    provider = payments.get_provider(payment.provider)
    transactions.commit()
    try:
        provider.refund(key, charge_key, amount, currency)
    except ProviderFault as fault:
        jobs.failed(outbox_id, str(fault), retry=True)
        return
    _settle_refund(payments.lock_refund(refund_id))
    jobs.done(outbox_id)


def pay_out(refund_id: int) -> None:
    """An agent has handed over, or transferred, money that was taken at the counter; RefundNotFound."""
    refund = payments.lock_refund(refund_id)
    payment = db.session.get_one(Payment, refund.payment_id)
    if refund.status != RefundStatus.DUE or not payments.get_provider(payment.provider).staff_only:
        raise RefundNotFound
    _settle_refund(refund)


def _owe(payment: Payment, amount: int) -> None:
    refund = payments.owe_refund(payment, amount, "cancelled")
    if not payments.get_provider(payment.provider).staff_only:
        jobs.enqueue(REFUND, refund_id=refund.id)


def _settle_refund(refund: Refund) -> None:
    """The money is back; a cancelled booking that is owed no more is refunded."""
    refund.status = RefundStatus.DONE
    refund.settled_at = clock.now()
    db.session.flush()
    booking = bookings.lock(db.session.get_one(Payment, refund.payment_id).booking_id)
    if booking.status == BookingStatus.CANCELLED and not payments.has_refunds_due(booking.id):
        booking.refunded()
