"""Giving money back: by the provider, which a worker asks, or by hand. What nobody is at work on is found again."""

import logging

from falconbus.bookings import service as bookings
from falconbus.bookings.models import BookingStatus
from falconbus.checkout.jobs import REFUND
from falconbus.payments import refunds
from falconbus.payments import service as payments
from falconbus.payments.errors import RefundNotFound, UnknownProvider
from falconbus.payments.models import Payment, Refund, RefundStatus
from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.integrations.payments.provider import ProviderFault, RefundAnswer, RefundOutcome
from falconbus.platform.kit import clock

log = logging.getLogger(__name__)


def owe(payment: Payment, amount: int, reason: str) -> None:
    """Write down money to give back, and have the provider asked for it if it can be."""
    by_hand = payments.refunds_by_hand(payment.provider)
    refund = refunds.owe(payment, amount, reason, by_hand=by_hand)
    if not by_hand:
        jobs.enqueue(REFUND, refund_id=refund.id)


def pay_refund(refund_id: int, outbox_id: int) -> None:
    """Have the provider give money back, once; asked again later when it cannot be asked now."""
    refund = refunds.lock(refund_id)
    if not refund.is_asked_of_provider:
        jobs.done(outbox_id)
        return
    was_asked = refund.asked_at is not None
    refund.ask(at=clock.now())
    payment = db.session.get_one(Payment, refund.payment_id)
    transactions.commit()
    try:
        outcome = _ask(refund, payment)
    except (ProviderFault, UnknownProvider) as fault:
        if was_asked and _is_too_late(refunds.lock(refund_id)):
            _give_up(refund)
            jobs.done(outbox_id)
        else:
            jobs.failed(outbox_id, str(fault), retry=True)
        return
    _record(refunds.lock(refund_id), outcome)
    jobs.done(outbox_id)


def pay_out(refund_id: int) -> None:
    """Note that somebody paid a refund by hand, one that is due or that its provider failed; RefundNotFound."""
    refund = refunds.lock(refund_id)
    if not refund.is_paid_by_hand:
        raise RefundNotFound
    refund.pay_out(at=clock.now())
    _end_booking(refund)


def reconcile(limit: int) -> int:
    """Have providers asked again for refunds that no job is at work on, and give up on the oldest; how many were found.

    So is heard of what a provider took on and has yet to pay. One that does not answer is asked by the job itself.
    """
    now = clock.now()
    unanswered = refunds.lock_unanswered(now, limit, at_work=jobs.unfinished(REFUND, "refund_id"))
    again = []
    for refund in unanswered:
        if refund.asked_at is not None and _is_too_late(refund):
            _give_up(refund)
        else:
            again.append(refund.id)
    jobs.forget_failed(REFUND, "refund_id", [refund.id for refund in unanswered])
    jobs.enqueue_all(REFUND, [{"refund_id": refund_id} for refund_id in again])
    return len(unanswered)


def _ask(refund: Refund, payment: Payment) -> RefundOutcome:
    """Ask the provider, with no transaction open; what a crash or fault left is asked after first."""
    provider = payments.get_provider(payment.provider)
    return provider.find_refund(refund.key, payment.key) or provider.refund(
        refund.key, payment.key, refund.amount, payment.currency
    )


def _record(refund: Refund, outcome: RefundOutcome) -> None:
    """Write down what the provider said; another worker may have heard it before."""
    if outcome.answer == RefundAnswer.DONE and refund.status != RefundStatus.DONE:
        refund.complete(at=clock.now())
        _end_booking(refund)
    elif outcome.answer == RefundAnswer.REFUSED and refund.status == RefundStatus.PENDING:
        _fail(refund, outcome.reason)


def _is_too_late(refund: Refund) -> bool:
    return refund.status == RefundStatus.PENDING and refund.created_at <= clock.now() - refunds.PENDING_LIMIT


def _give_up(refund: Refund) -> None:
    _fail(refund, f"the provider has not given it back in {refunds.PENDING_LIMIT.days} days")


def _fail(refund: Refund, error: str) -> None:
    refund.fail(error)
    log.error("refund %s (%s) has failed: %s", refund.id, refund.key, error)


def _end_booking(refund: Refund) -> None:
    """A cancelled booking that is owed no more is refunded."""
    db.session.flush()
    booking = bookings.lock(db.session.get_one(Payment, refund.payment_id).booking_id)
    if booking.status == BookingStatus.CANCELLED and not refunds.has_open(booking.id):
        booking.refunded()
