"""What beat does for the till: end holds that ran out, ask after payments and refunds that nobody asks after."""

import logging

from falconbus.bookings import service as bookings
from falconbus.checkout import refunding, service
from falconbus.messaging import service as messaging
from falconbus.payments import service as payments
from falconbus.payments.errors import UnknownProvider
from falconbus.payments.models import Payment, PaymentStatus
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.integrations.payments.provider import ChargeStatus, ProviderFault
from falconbus.platform.kit import clock

log = logging.getLogger(__name__)

_BATCH = 200


def expire_holds() -> int:
    """End the holds that have run out, a batch a transaction, and have their travellers told; their number."""
    ended = 0
    while run_out := bookings.lock_expired_holds(clock.now(), _BATCH):
        for booking in run_out:
            bookings.expire(booking)
        messaging.tell_hold_expired([booking.id for booking in run_out])
        transactions.commit()
        ended += len(run_out)
    return ended


def reconcile_payments() -> int:
    """Ask the providers after payments that a crash left open, or that are pending; how many were settled."""
    settled = 0
    for payment_id in payments.unattended(clock.now(), _BATCH):
        transactions.commit()
        try:
            settled += _ask_after(payment_id)
        except (ProviderFault, UnknownProvider) as fault:
            log.warning("payment %s: the provider cannot be asked: %s", payment_id, fault)
        transactions.commit()
    return settled


def reconcile_refunds() -> int:
    """Have providers asked again for refunds that no job is at work on, a batch a transaction; their number."""
    number = 0
    while found := refunding.reconcile(_BATCH):
        transactions.commit()
        number += found
    return number


def _ask_after(payment_id: int) -> bool:
    payment = db.session.get_one(Payment, payment_id)
    provider = payments.get_provider(payment.provider)
    key, age = payment.key, clock.now() - payment.created_at
    transactions.commit()
    outcome = provider.find(key)
    if outcome is None or (outcome.status == ChargeStatus.PENDING and age > payments.PENDING_LIMIT):
        # The booking first, as everywhere: a hold that is just being ended still counts on this payment.
        booking = bookings.lock(payment.booking_id)
        payment = payments.lock_payment(payment_id)
        if payments.is_open(payment) and payment.lease_until <= clock.now():
            payments.record_failure(payment, clock.now())
            db.session.flush()
            messaging.tell_hold_expired([booking.id])
        return payment.status == PaymentStatus.FAILED
    return service.settle(payment_id, outcome).status != PaymentStatus.PENDING
