"""Paying, in three steps that are a transaction each, so that a crash between them loses nothing.

An attempt is committed under a key; the provider is asked with that key, with no lock held; outcome, booking and mail
are written together. What a crash leaves is an open attempt: the next payment or the reconciler asks the provider.
"""

from dataclasses import dataclass

from falconbus.bookings import service as bookings
from falconbus.bookings.models import Booking, BookingStatus
from falconbus.checkout import refunding
from falconbus.messaging import service as messaging
from falconbus.messaging.mail_kinds import CONFIRMATION, PAYMENT_RETURNED
from falconbus.payments import service as payments
from falconbus.payments.errors import PaymentDeclined, PaymentReturned, ProviderFailed, StaffOnly
from falconbus.payments.jobs import job_of
from falconbus.payments.models import Payment, PaymentStatus
from falconbus.payments.permissions import TAKE_COUNTER_PAYMENTS
from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.integrations.payments.provider import (
    ChargeStatus,
    Outcome,
    PaymentProvider,
    ProviderFault,
    WebhookEvent,
)
from falconbus.platform.kit import clock
from falconbus.platform.mailing import service as mailing
from falconbus.platform.web.identity import Identity


@dataclass(frozen=True, slots=True)
class PaymentResult:
    """How a payment stands; `redirect_url` when the traveller goes on at the provider's own page."""

    payment_id: str
    status: str
    redirect_url: str | None = None


def pay(reference: str, provider_name: str, token: str, identity: Identity, email: str | None) -> PaymentResult:
    """Pay for a held booking.

    Raises BookingNotFound, HoldExpired, BookingOver, PaymentInProgress, PaymentDeclined (kept), ProviderFailed,
    PaymentReturned (kept), and Invalid for a provider or token that is none.
    """
    booking = bookings.lock_visible(reference, identity, email)
    provider = payments.get_provider(provider_name)
    check_may_use(provider, identity)
    provider.check_token(token)
    now = clock.now()
    bookings.check_payable(booking, now)
    payment = payments.open_attempt(booking.id, provider.name, booking.total, booking.currency)
    bookings.extend_hold(booking, bookings.hold_duration(), now)
    transactions.commit()
    outcome = _ask(provider, payment, token)
    return _result(settle(payment.id, outcome), outcome)


def settle(payment_id: int, outcome: Outcome) -> Payment:
    """Write what the provider said, and all that follows from it, in one transaction. Safe to repeat."""
    booking = bookings.lock(db.session.get_one(Payment, payment_id).booking_id)
    payment = payments.lock_payment(payment_id)
    now = clock.now()
    if not payments.is_open(payment) and not _is_late_money(payment, outcome):
        return payment
    payments.record_outcome(payment, outcome, now)
    if payment.status == PaymentStatus.PAID:
        _deliver(booking, payment)
    elif payment.status == PaymentStatus.PENDING and outcome.follow_up is not None:
        jobs.enqueue(job_of(outcome.follow_up), delay=outcome.follow_up.delay, payment_key=payment.key)
    db.session.flush()
    if payment.status == PaymentStatus.DECLINED:
        messaging.tell_hold_expired([booking.id])
    return payment


def receive(provider_name: str, event: WebhookEvent) -> None:
    """Do what a provider's verified webhook tells; the same one twice changes nothing. PaymentNotFound."""
    payment = payments.get_by_key(event.key)
    if payments.take_event(provider_name, event.event_id):
        settle(payment.id, event.outcome)


def check_may_use(provider: PaymentProvider, identity: Identity) -> None:
    if provider.staff_only and not identity.may(TAKE_COUNTER_PAYMENTS):
        raise StaffOnly


def _ask(provider: PaymentProvider, payment: Payment, token: str) -> Outcome:
    """Ask the provider, with no transaction open; an attempt that a crash or fault left is asked after first."""
    try:
        return provider.find(payment.key) or provider.charge(payment.key, payment.amount, payment.currency, token)
    except ProviderFault:
        payments.end_lease(payment.id)
        transactions.commit()
        raise ProviderFailed from None


def _is_late_money(payment: Payment, outcome: Outcome) -> bool:
    """A provider tells of money for an attempt that we had closed without any."""
    return outcome.status == ChargeStatus.PAID and payment.status != PaymentStatus.PAID


def _deliver(booking: Booking, payment: Payment) -> None:
    """Money has come: confirm the booking, or give the money back; either way the traveller is told."""
    now = clock.now()
    payable = booking.status in {BookingStatus.HELD, BookingStatus.EXPIRED}
    if payable and bookings.confirm(booking, payment_id=payment.key, at=now):
        mailing.tell(CONFIRMATION, booking.id, booking.email)
        return
    if booking.status == BookingStatus.HELD:
        bookings.expire(booking)
    if payment.amount > 0:
        refunding.owe(payment, payment.amount, "paid_twice" if booking.payment_id else "too_late")
    mailing.tell(PAYMENT_RETURNED, booking.id, booking.email)


def _result(payment: Payment, outcome: Outcome) -> PaymentResult:
    if payment.status == PaymentStatus.DECLINED:
        raise PaymentDeclined
    booking = db.session.get_one(Booking, payment.booking_id)
    if payment.status == PaymentStatus.PAID and booking.payment_id != payment.key:
        raise PaymentReturned
    return PaymentResult(payment.key, payment.status, outcome.redirect_url)
