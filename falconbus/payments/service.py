"""The rows of the money that comes in: attempts to pay, and what became of them. Asking providers is checkout's."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from falconbus.payments.errors import PaymentInProgress, PaymentNotFound, UnknownProvider
from falconbus.payments.models import Payment, PaymentStatus, ReceivedEvent
from falconbus.platform import jobs
from falconbus.platform.database.engine import db
from falconbus.platform.integrations.payments import registry
from falconbus.platform.integrations.payments.provider import (
    ChargeStatus,
    FollowUp,
    Outcome,
    PaymentProvider,
    ProviderFault,
)
from falconbus.platform.kit import clock, context, references

#: How long whoever asks the provider may take before others ask too; longer than any provider's time limit.
LEASE = timedelta(seconds=45)
#: How often a pending payment is asked after, and when it is given up.
PENDING_POLL = timedelta(minutes=1)
PENDING_LIMIT = timedelta(hours=24)

_OPEN = (PaymentStatus.STARTED, PaymentStatus.PENDING)
_PAYMENT_KEY_LENGTH = 20


def get_provider(name: str) -> PaymentProvider:
    """The provider of that name; UnknownProvider."""
    known = registry.available()
    if name not in known:
        raise UnknownProvider(f"the providers are {', '.join(known)}", pointer="/provider")
    return known[name]


def refunds_by_hand(name: str) -> bool:
    """Whether staff pay refunds of the provider out; of one that is not set up any more, too."""
    provider = registry.available().get(name)
    return provider is None or provider.refunds_by_hand


def follow_up(provider_name: str, work: FollowUp, payment_key: str, outbox_id: int) -> None:
    """Do what a provider wanted done after a charge; tried again when it fails."""
    try:
        work.run(get_provider(provider_name), payment_key)
    except ProviderFault as fault:
        jobs.failed(outbox_id, str(fault), retry=True)
    else:
        jobs.done(outbox_id)


def open_attempt(booking_id: int, provider: str, amount: int, currency: str) -> Payment:
    """The one open attempt to pay for a booking, leased to this request: a new one, or one left by a crash.

    Wants the booking locked. PaymentInProgress while somebody else is at it, or the provider has yet to tell.
    """
    now = clock.now()
    mine = context.request_id.get()
    payment = db.session.scalars(
        select(Payment).where(Payment.booking_id == booking_id, Payment.status.in_(_OPEN)).with_for_update()
    ).one_or_none()
    if payment is None:
        payment = Payment(
            booking_id=booking_id,
            key=f"pay_{references.new_reference(_PAYMENT_KEY_LENGTH)}",
            provider=provider,
            amount=amount,
            currency=currency,
            status=PaymentStatus.STARTED,
            created_at=now,
        )
        db.session.add(payment)
    elif payment.status == PaymentStatus.PENDING or (payment.lease_until > now and payment.request_id != mine):
        raise PaymentInProgress
    elif payment.provider != provider or payment.amount != amount:
        # The provider may have taken the first one's money: that has to be known before another is begun.
        raise PaymentInProgress
    payment.request_id = mine
    payment.lease_until = now + LEASE
    db.session.flush()
    return payment


def end_lease(payment_id: int) -> None:
    """Nobody is asking the provider any more: the next one may, at once."""
    db.session.get_one(Payment, payment_id).lease_until = clock.now()


def lock_payment(payment_id: int) -> Payment:
    """The payment, locked and as it is now."""
    statement = select(Payment).where(Payment.id == payment_id).with_for_update()
    return db.session.scalars(statement.execution_options(populate_existing=True)).one()


def get_by_key(key: str) -> Payment:
    """The payment that a provider knows by `key`; PaymentNotFound."""
    payment = db.session.scalars(select(Payment).where(Payment.key == key)).one_or_none()
    if payment is None:
        raise PaymentNotFound
    return payment


def get_by_keys(keys: Collection[str]) -> dict[str, Payment]:
    """The payments that providers know by these keys, in one statement."""
    found = db.session.scalars(select(Payment).where(Payment.key.in_(keys)))
    return {payment.key: payment for payment in found}


def being_paid(booking_ids: Collection[int]) -> set[int]:
    """Which of these bookings have an open attempt to pay."""
    statement = select(Payment.booking_id).where(Payment.booking_id.in_(booking_ids), Payment.status.in_(_OPEN))
    return set(db.session.scalars(statement))


def record_outcome(payment: Payment, outcome: Outcome, at: datetime) -> None:
    """Write down what the provider said."""
    payment.provider_reference = outcome.reference or payment.provider_reference
    payment.status = {
        ChargeStatus.PAID: PaymentStatus.PAID,
        ChargeStatus.PENDING: PaymentStatus.PENDING,
        ChargeStatus.DECLINED: PaymentStatus.DECLINED,
    }[outcome.status]
    if payment.status == PaymentStatus.PENDING:
        payment.lease_until = at + PENDING_POLL
    else:
        payment.settled_at = at


def record_failure(payment: Payment, at: datetime) -> None:
    """The provider has never heard of it, or never told: nothing was taken."""
    payment.status = PaymentStatus.FAILED
    payment.settled_at = at


def has_open_attempt(booking_id: int) -> bool:
    """Whether somebody is paying for the booking at this moment, or a provider has yet to tell."""
    statement = select(Payment.id).where(Payment.booking_id == booking_id, Payment.status.in_(_OPEN))
    return db.session.scalars(statement).first() is not None


def is_open(payment: Payment) -> bool:
    return payment.status in _OPEN


def unattended(now: datetime, limit: int) -> list[int]:
    """Open payments that nobody is asking after: left by a crash, or pending for a while."""
    statement = select(Payment.id).where(Payment.status.in_(_OPEN), Payment.lease_until <= now)
    return list(db.session.scalars(statement.order_by(Payment.lease_until).limit(limit)))


def take_event(provider: str, event_id: str) -> bool:
    """Note a provider's event; False when it was told before."""
    row = {"provider": provider, "event_id": event_id, "received_at": clock.now()}
    statement = insert(ReceivedEvent).values(row).on_conflict_do_nothing().returning(ReceivedEvent.event_id)
    return db.session.scalar(statement) is not None
