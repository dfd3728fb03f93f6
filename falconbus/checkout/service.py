"""Paying, in three steps that are a transaction each, so that a crash between them loses nothing.

An attempt is committed under a key; the provider is asked with that key, with no lock held; outcome, booking and mail
are written together. What a crash leaves is an open attempt: the next payment or the reconciler asks the provider. The
caller's Idempotency-Key belongs to the attempt, so that it leads to its answer whoever settled it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from falconbus.bookings import service as bookings
from falconbus.bookings.models import Booking, BookingStatus
from falconbus.checkout import asking
from falconbus.checkout.asking import Heard
from falconbus.checkout.settling import refusal_of, settle
from falconbus.messaging import service as messaging
from falconbus.payments import service as payments
from falconbus.payments.errors import PaymentDeclined, PaymentInProgress, ProviderFailed, StaffOnly
from falconbus.payments.models import Payment, PaymentStatus
from falconbus.payments.permissions import TAKE_COUNTER_PAYMENTS
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.integrations.payments.provider import (
    NotCharged,
    Outcome,
    PaymentProvider,
    ProviderFault,
    WebhookEvent,
)
from falconbus.platform.kit import clock
from falconbus.platform.web.idempotency import ClaimedKey
from falconbus.platform.web.identity import Identity

_PAYABLE = {BookingStatus.HELD, BookingStatus.EXPIRED}


@dataclass(frozen=True, slots=True)
class PaymentResult:
    """How a payment stands; `redirect_url` when the traveller goes on at the provider's own page."""

    payment_id: str
    status: str
    redirect_url: str | None = None


def pay(
    reference: str,
    provider_name: str,
    token: str,
    identity: Identity,
    email: str | None,
    key: ClaimedKey | None = None,
) -> PaymentResult:
    """Pay for a held booking; the same `key` again has the answer of its first attempt.

    Raises BookingNotFound, HoldExpired, BookingOver, Departed, NotOnSale, PaymentInProgress, PaymentDeclined (kept),
    ProviderFailed, PaymentReturned (kept), and Invalid for a provider or token that is none.
    """
    booking = bookings.lock_changeable(reference, identity, email)
    provider = payments.get_provider(provider_name)
    check_may_use(provider, identity)
    provider.check_token(token)
    attempts = payments.attempts(booking.id)
    own = payments.find_of_request(attempts, key)
    heard: Heard = {}
    unsettled = [payment for payment in attempts if not payment.is_settled]
    if unsettled and (booking.status in _PAYABLE or own in unsettled):
        heard = asking.ask_after_all(booking, unsettled)
        attempts = payments.attempts(booking.id)
        own = payments.find_of_request(attempts, key)
    answered = _find_answered(booking, attempts, own, heard, provider)
    if answered is not None:
        return _result(answered, heard.get(answered.id))
    attempt, is_new = _begin(booking, provider, attempts, own, heard, key)
    bookings.extend_hold(booking, bookings.hold_duration(), clock.now())
    transactions.commit()
    outcome = _charge(provider, attempt, token, is_new=is_new)
    return _result(settle(attempt.id, outcome), outcome)


def receive(provider_name: str, event: WebhookEvent) -> None:
    """Do what a provider's verified webhook tells; the same one twice changes nothing. PaymentNotFound."""
    payment = payments.get_by_key(event.key, provider_name)
    if payments.take_event(provider_name, event.event_id):
        settle(payment.id, event.outcome)


def check_may_use(provider: PaymentProvider, identity: Identity) -> None:
    if provider.staff_only and not identity.may(TAKE_COUNTER_PAYMENTS):
        raise StaffOnly


def _find_answered(
    booking: Booking, attempts: Sequence[Payment], own: Payment | None, heard: Heard, provider: PaymentProvider
) -> Payment | None:
    """Return the attempt whose outcome is the answer: this request's own, or one that it has found to be paid."""
    if own is not None and own.status in {PaymentStatus.PAID, PaymentStatus.DECLINED, PaymentStatus.PENDING}:
        return own
    for payment in attempts:
        if payment.id in heard and payment.key == booking.payment_id and payment.provider == provider.name:
            return payment
    return None


def _begin(
    booking: Booking,
    provider: PaymentProvider,
    attempts: Sequence[Payment],
    own: Payment | None,
    heard: Heard,
    key: ClaimedKey | None,
) -> tuple[Payment, bool]:
    """Return the attempt to charge for, leased to this request, and whether it is new.

    An attempt that may have been charged goes on under its own key, so that the provider charges once. All that can be
    refused is refused here, before the provider is asked for money.
    """
    now = clock.now()
    if booking.status in _PAYABLE and any(payment.is_open and payment is not own for payment in attempts):
        raise PaymentInProgress
    bookings.check_payable(booking, now)
    wanted = (provider.name, booking.total, booking.currency)
    for payment in attempts:
        if not payment.is_settled and (payment.provider, payment.amount, payment.currency) == wanted:
            if payment.id not in heard:
                raise ProviderFailed
            payments.lease(payment, now)
            return payment, False
    return payments.open_attempt(booking.id, *wanted, key), True


def _charge(provider: PaymentProvider, payment: Payment, token: str, *, is_new: bool) -> Outcome:
    """Ask the provider for the money, with no transaction open; ProviderFailed."""
    try:
        return provider.charge(payment.key, payment.amount, payment.currency, token)
    except ProviderFault as fault:
        # Of an attempt that was begun before, this call's failure does not tell that nothing was taken.
        _record_fault(payment.id, nothing_taken=is_new and isinstance(fault, NotCharged))
        transactions.commit()
        raise ProviderFailed from None


def _record_fault(payment_id: int, *, nothing_taken: bool) -> None:
    booking_id = db.session.get_one(Payment, payment_id).booking_id
    bookings.lock(booking_id)
    payment = payments.lock_payment(payment_id)
    if not payments.is_leased_by_us(payment):
        return
    now = clock.now()
    if nothing_taken:
        payments.record_failure(payment, now)
        db.session.flush()
        messaging.tell_hold_expired([booking_id])
    else:
        payments.leave_unresolved(payment, now + payments.LEASE)


def _result(payment: Payment, outcome: Outcome | None) -> PaymentResult:
    if payment.status == PaymentStatus.DECLINED:
        raise PaymentDeclined
    booking = db.session.get_one(Booking, payment.booking_id)
    if payment.status == PaymentStatus.PAID and booking.payment_id != payment.key:
        raise refusal_of(payment)
    status = PaymentStatus.PAID if payment.status == PaymentStatus.PAID else PaymentStatus.PENDING
    return PaymentResult(payment.key, status, outcome.redirect_url if outcome else None)
