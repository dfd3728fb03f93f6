"""Giving money back: by the provider, which a worker asks, or by hand. What nobody is at work on is found again."""

import logging
from collections.abc import Sequence

from falconbus.accounts import audit
from falconbus.bookings import service as bookings
from falconbus.bookings.models import Booking, BookingStatus
from falconbus.checkout.jobs import REFUND
from falconbus.payments import refunds
from falconbus.payments import service as payments
from falconbus.payments.errors import PaidByHand, UnknownProvider
from falconbus.payments.models import Handling, Payment, Refund, RefundStatus
from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.integrations.payments.provider import ProviderFault, RefundAnswer, RefundOutcome
from falconbus.platform.kit import clock

log = logging.getLogger(__name__)


def owe(payment: Payment, amount: int, reason: str) -> None:
    """Write down money to give back, and have the provider asked for it if it can be."""
    owe_each([(payment, amount)], reason)


def owe_each(debts: Sequence[tuple[Payment, int]], reason: str) -> None:
    """Write down money to give back of many payments, in as many statements as of one."""
    owed = refunds.owe_each(
        [(payment, amount, payments.refunds_by_hand(payment.provider)) for payment, amount in debts], reason
    )
    asked = [{"refund_id": refund.id} for refund in owed if refund.status == RefundStatus.PENDING]
    jobs.enqueue_all(REFUND, asked)


def pay_refund(refund_id: int, outbox_id: int) -> None:
    """Have the provider give money back, once; asked again later when it cannot be asked now."""
    refund = refunds.lock(refund_id)
    payment = db.session.get_one(Payment, refund.payment_id)
    waits_for_a_person = refund.status == RefundStatus.DUE and payments.refunds_by_hand(payment.provider)
    if waits_for_a_person or not refund.is_asked_of_provider:
        jobs.done(outbox_id)
        return
    was_asked = refund.asked_at is not None
    if not payments.refunds_by_hand(payment.provider):
        refund.ask(at=clock.now())
    key = refund.key
    transactions.commit()
    try:
        outcome = _ask(refund, payment)
    except (ProviderFault, UnknownProvider) as fault:
        _note_silence(refunds.lock(refund_id), payment.provider, outbox_id, str(fault), was_asked=was_asked)
        return
    _record(refunds.lock(refund_id), key, outcome)
    jobs.done(outbox_id)


def retry(refund_id: int, handling: Handling) -> None:
    """Have the provider asked anew for a refund that has failed, or became due while it was not set up.

    RefundNotFound, RefundOver in another state, PaidByHand where there is nobody to ask.
    """
    refund = refunds.lock(refund_id)
    before = {"status": refund.status, "key": refund.key, "error": refund.error}
    refund.retry(handling, new_key=refunds.new_key())
    if payments.refunds_by_hand(db.session.get_one(Payment, refund.payment_id).provider):
        raise PaidByHand
    audit.record("retry", "refunds", refund.id, before=before, note=handling.note)
    jobs.enqueue(REFUND, refund_id=refund.id)


def pay_out(refund_id: int, handling: Handling) -> None:
    """Note that somebody paid a refund by hand, one that is due or that its provider failed.

    RefundNotFound, RefundOver in another state.
    """
    refund = refunds.lock(refund_id)
    before = {"status": refund.status, "error": refund.error}
    refund.pay_out(handling)
    audit.record("pay out", "refunds", refund.id, before=before, note=handling.note)
    _end_booking(refund)


def reconcile(limit: int) -> int:
    """Have providers asked again for refunds that no job is at work on, and give up on the oldest; how many were found.

    So is heard of what a provider took on and has yet to pay. One that does not answer is asked by the job itself.
    """
    now = clock.now()
    unanswered = refunds.lock_unanswered(now, limit, at_work=jobs.unfinished(REFUND, "refund_id"))
    again = []
    for refund, provider in unanswered:
        fault = _why_given_up(refund, provider, was_asked=refund.asked_at is not None)
        if fault is None:
            again.append(refund.id)
        else:
            refund.fail(fault)
            _log_failure(refund)
    jobs.forget_failed(REFUND, "refund_id", [refund.id for refund, _ in unanswered])
    jobs.enqueue_all(REFUND, [{"refund_id": refund_id} for refund_id in again])
    return len(unanswered)


def _note_silence(refund: Refund, provider: str, outbox_id: int, error: str, *, was_asked: bool) -> None:
    """Have the provider, which could not be asked, be asked again later, or give up on it."""
    fault = _why_given_up(refund, provider, was_asked=was_asked) if refund.status == RefundStatus.PENDING else None
    if fault is None:
        jobs.failed(outbox_id, error, retry=True)
        return
    refund.fail(fault)
    _log_failure(refund)
    jobs.done(outbox_id)


def _why_given_up(refund: Refund, provider: str, *, was_asked: bool) -> str | None:
    """Say why the provider is not asked any more; None when it is. Before now it `was_asked`."""
    now = clock.now()
    asked_at = refund.asked_at or refund.pending_since
    if payments.refunds_by_hand(provider) and asked_at <= now - refunds.PROVIDER_MISSING_LIMIT:
        return f"the provider {provider} is not set up, or does not give money back any more"
    if was_asked and refund.pending_since <= now - refunds.PENDING_LIMIT:
        return f"the provider has not given it back in {refunds.PENDING_LIMIT.days} days"
    return None


def _ask(refund: Refund, payment: Payment) -> RefundOutcome:
    """Ask the provider, with no transaction open; what a crash or fault left is asked after first."""
    provider = payments.get_provider(payment.provider)
    return provider.find_refund(refund.key, payment.key) or provider.refund(
        refund.key, payment.key, refund.amount, payment.currency
    )


def _record(refund: Refund, key: str, outcome: RefundOutcome) -> None:
    """Write down what the provider said of a key; another worker may have heard it before, and staff seen to it."""
    if outcome.answer == RefundAnswer.DONE and refund.status != RefundStatus.DONE:
        refund.complete(at=clock.now())
        _end_booking(refund)
    elif outcome.answer == RefundAnswer.REFUSED and refund.status == RefundStatus.PENDING and refund.key == key:
        refund.refuse(outcome.reason)
        _log_failure(refund)


def _log_failure(refund: Refund) -> None:
    log.error("refund %s (%s) has failed: %s", refund.id, refund.key, refund.error)


def end_booking(booking: Booking) -> None:
    """A cancelled booking that is owed no more is refunded."""
    db.session.flush()
    if booking.status == BookingStatus.CANCELLED and not refunds.has_open(booking.id):
        booking.refunded()


def _end_booking(refund: Refund) -> None:
    end_booking(bookings.lock(db.session.get_one(Payment, refund.payment_id).booking_id))
