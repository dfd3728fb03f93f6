"""Asking providers what became of attempts to pay, with no transaction open.

An attempt that cannot be asked after holds nobody up: its money is returned if it turns up once the booking has been
paid in another way, or cancelled.
"""

from collections.abc import Mapping, Sequence

from falconbus.bookings import service as bookings
from falconbus.bookings.models import Booking, BookingStatus
from falconbus.checkout.settling import settle
from falconbus.messaging import service as messaging
from falconbus.payments import service as payments
from falconbus.payments.errors import PaymentInProgress, UnknownProvider
from falconbus.payments.models import Payment, PaymentStatus
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.integrations.payments.provider import ChargeStatus, Outcome, ProviderFault
from falconbus.platform.kit import clock

#: What providers said of attempts, by their ids: None when they never heard of one. Who was silent is not in it.
Heard = Mapping[int, Outcome | None]


def ask_after(payment_id: int) -> Outcome | None:
    """Ask what became of an attempt and write it down, in transactions of its own; None when nobody has heard of it.

    Raises ProviderFault or UnknownProvider when its provider cannot be asked; the attempt is unresolved then.
    """
    payment = db.session.get_one(Payment, payment_id)
    provider, key = payment.provider, payment.key
    transactions.commit()
    try:
        outcome = payments.get_provider(provider).find(key)
    except (ProviderFault, UnknownProvider):
        leave_unresolved(payment_id)
        transactions.commit()
        raise
    if outcome is None or _is_given_up(payment, outcome):
        _close_if_certain(payment_id)
    else:
        settle(payment_id, outcome)
    transactions.commit()
    return outcome


def ask_after_all(booking: Booking, attempts: Sequence[Payment]) -> Heard:
    """Ask after attempts of a booking, each provider until it is silent, and lock the booking again: it may be paid."""
    heard: dict[int, Outcome | None] = {}
    silent = set()
    for payment in attempts:
        if payment.provider in silent:
            leave_unresolved(payment.id)
            continue
        try:
            heard[payment.id] = ask_after(payment.id)
        except (ProviderFault, UnknownProvider):
            silent.add(payment.provider)
    bookings.lock(booking.id)
    return heard


def check_nobody_pays(booking: Booking) -> None:
    """Raise PaymentInProgress if a hold, run out or not, is being paid, or turns out to be when it is asked for."""
    if booking.status not in {BookingStatus.HELD, BookingStatus.EXPIRED} or not payments.has_open_attempt(booking.id):
        return
    ask_after_all(booking, [payment for payment in payments.attempts(booking.id) if not payment.is_settled])
    if booking.status == BookingStatus.CONFIRMED:
        raise PaymentInProgress("the booking turns out to be paid; look at it again before you cancel it")
    if payments.is_being_paid(booking.id):
        raise PaymentInProgress


def _is_given_up(payment: Payment, outcome: Outcome) -> bool:
    return outcome.status == ChargeStatus.PENDING and clock.now() - payment.created_at > payments.PENDING_LIMIT


def leave_unresolved(payment_id: int) -> None:
    """Note that it is not known what became of an attempt, and have it asked after later; not if it is being made."""
    payment = _lock(payment_id)
    now = clock.now()
    is_being_asked = payment.status == PaymentStatus.STARTED and payment.lease_until > now
    if not payment.is_settled and not is_being_asked:
        payments.leave_unresolved(payment, now + payments.PENDING_POLL)


def _close_if_certain(payment_id: int) -> None:
    """Note that nothing was taken, unless the call to charge may still be under way."""
    payment = _lock(payment_id)
    now = clock.now()
    if not payment.is_settled and payment.lease_until <= now:
        payments.record_failure(payment, now)
        db.session.flush()
        messaging.tell_hold_expired([payment.booking_id])


def _lock(payment_id: int) -> Payment:
    """Lock an attempt, after its booking as everybody does."""
    bookings.lock(db.session.get_one(Payment, payment_id).booking_id)
    return payments.lock_payment(payment_id)
