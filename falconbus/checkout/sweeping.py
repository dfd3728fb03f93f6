"""What beat does for the till: end holds that ran out, ask after payments and refunds that nobody asks after."""

import logging

from falconbus.bookings import service as bookings
from falconbus.checkout import asking, refunding
from falconbus.messaging import service as messaging
from falconbus.payments import service as payments
from falconbus.payments.errors import UnknownProvider
from falconbus.payments.models import Payment
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.integrations.payments.provider import NonsensicalOutcome, ProviderFault
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
    """Ask providers after payments that a crash left open, that are pending or unresolved; how many were settled."""
    settled = 0
    silent: set[str] = set()
    for payment_id in payments.unattended(clock.now(), _BATCH):
        transactions.commit()
        provider = db.session.get_one(Payment, payment_id).provider
        if provider in silent:
            continue
        try:
            asking.ask_after(payment_id)
            settled += db.session.get_one(Payment, payment_id).is_settled
        except (ProviderFault, UnknownProvider) as fault:
            log.warning("payment %s: the provider cannot be asked: %s", payment_id, fault)
            if not isinstance(fault, NonsensicalOutcome):
                silent.add(provider)
        except Exception:
            # Whatever its trouble, the others' money must not wait behind it.
            db.session.rollback()
            log.exception("payment %s could not be settled", payment_id)
            asking.leave_unresolved(payment_id)
        transactions.commit()
    return settled


def reconcile_refunds() -> int:
    """Have providers asked again for refunds that no job is at work on, a batch a transaction; their number."""
    number = 0
    while found := refunding.reconcile(_BATCH):
        transactions.commit()
        number += found
    return number
