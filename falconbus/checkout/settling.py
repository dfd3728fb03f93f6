"""What a provider says of a payment, and all that follows from it: tickets, or the money goes back."""

from falconbus.bookings import service as bookings
from falconbus.bookings import withdrawing
from falconbus.bookings.models import Booking, BookingStatus
from falconbus.checkout import refunding
from falconbus.inventory.errors import NotOnSale, SeatTaken
from falconbus.messaging import service as messaging
from falconbus.messaging.mail_kinds import CONFIRMATION, PAYMENT_RETURNED
from falconbus.payments import refunds
from falconbus.payments import service as payments
from falconbus.payments.errors import (
    PaidAfterCancelling,
    PaidAfterDeparture,
    PaidAfterWithdrawal,
    PaidTwice,
    PaidWrongAmount,
    PaymentReturned,
)
from falconbus.payments.jobs import job_of
from falconbus.payments.models import Payment, PaymentStatus, ReturnReason
from falconbus.platform import jobs
from falconbus.platform.database.engine import db
from falconbus.platform.integrations.payments.provider import ChargeStatus, Outcome
from falconbus.platform.kit import clock
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.mailing import service as mailing
from falconbus.timetable.errors import Departed

#: What a payer is told, by the reason for which all of the money goes back.
_REFUSALS: dict[ReturnReason, type[PaymentReturned]] = {
    ReturnReason.TOO_LATE: PaymentReturned,
    ReturnReason.DEPARTED: PaidAfterDeparture,
    ReturnReason.WITHDRAWN: PaidAfterWithdrawal,
    ReturnReason.BOOKING_CANCELLED: PaidAfterCancelling,
    ReturnReason.PAID_TWICE: PaidTwice,
    ReturnReason.WRONG_AMOUNT: PaidWrongAmount,
}
_REASONS: dict[type[DomainError], ReturnReason] = {
    Departed: ReturnReason.DEPARTED,
    NotOnSale: ReturnReason.WITHDRAWN,
    SeatTaken: ReturnReason.TOO_LATE,
}
_PAYABLE = {BookingStatus.HELD, BookingStatus.EXPIRED}


def settle(payment_id: int, outcome: Outcome) -> Payment:
    """Write what the provider said, and all that follows from it, in one transaction. Safe to repeat."""
    booking = bookings.lock(db.session.get_one(Payment, payment_id).booking_id)
    payment = payments.lock_payment(payment_id)
    if payment.is_settled and not _is_late_money(payment, outcome):
        return payment
    payments.record_outcome(payment, outcome, clock.now())
    if payment.status == PaymentStatus.PAID:
        _deliver(booking, payment)
    elif payment.status == PaymentStatus.PENDING and outcome.follow_up is not None:
        jobs.enqueue(job_of(outcome.follow_up), delay=outcome.follow_up.delay, payment_key=payment.key)
    db.session.flush()
    if payment.status == PaymentStatus.DECLINED:
        messaging.tell_hold_expired([booking.id])
    return payment


def refusal_of(payment: Payment) -> PaymentReturned:
    """Return what to tell the payer of a payment that was made and did not confirm its booking."""
    return _REFUSALS[refunds.reason_returned(payment.id) or ReturnReason.TOO_LATE]()


def _is_late_money(payment: Payment, outcome: Outcome) -> bool:
    """A provider tells of money for an attempt that we had closed without any."""
    return outcome.status == ChargeStatus.PAID and payment.status != PaymentStatus.PAID


def _deliver(booking: Booking, payment: Payment) -> None:
    """Money has come: confirm the booking, or give the money back; either way the traveller is told."""
    reason = _confirm(booking, payment)
    if reason is None:
        mailing.tell(CONFIRMATION, booking.id, booking.email)
        _give_back(booking, payment, payment.amount - booking.total, ReturnReason.OVERPAID)
    else:
        _give_back(booking, payment, payment.amount, reason)


def _confirm(booking: Booking, payment: Payment) -> ReturnReason | None:
    """Confirm a booking by a payment; return why that cannot be."""
    if booking.status == BookingStatus.CONFIRMED:
        return ReturnReason.PAID_TWICE
    if booking.status not in _PAYABLE:
        is_withdrawn = withdrawing.has_cancelled_departure(booking.id)
        return ReturnReason.WITHDRAWN if is_withdrawn else ReturnReason.BOOKING_CANCELLED
    if payment.currency != booking.currency or payment.amount < booking.total:
        return ReturnReason.WRONG_AMOUNT
    try:
        bookings.confirm(booking, payment_id=payment.key, at=clock.now())
    except tuple(_REASONS) as refusal:
        if booking.status == BookingStatus.HELD:
            bookings.expire(booking)
        return _REASONS[type(refusal)]
    return None


def _give_back(booking: Booking, payment: Payment, amount: int, reason: ReturnReason) -> None:
    if amount > 0:
        refunding.owe(payment, amount, reason)
        mailing.tell(PAYMENT_RETURNED, booking.id, booking.email)
