"""The rows of the money: attempts to pay, what became of them, and refunds. Asking providers is checkout's."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from falconbus.payments import queries
from falconbus.payments.errors import PaymentInProgress, PaymentNotFound, RefundNotFound, UnknownProvider
from falconbus.payments.models import Payment, PaymentStatus, Refund, RefundStatus, WebhookEvent
from falconbus.platform.database.engine import AnySelect, db
from falconbus.platform.integrations.payments.counter import CounterProvider
from falconbus.platform.integrations.payments.provider import ChargeStatus, Outcome, PaymentProvider
from falconbus.platform.integrations.payments.sandbox import SandboxProvider
from falconbus.platform.kit import clock, context, references
from falconbus.platform.kit.settings import get_settings

#: How long whoever asks the provider may take before others ask too; longer than any provider's time limit.
LEASE = timedelta(seconds=45)
#: How often a pending payment is asked after, and when it is given up.
PENDING_POLL = timedelta(minutes=1)
PENDING_LIMIT = timedelta(hours=24)

_OPEN = (PaymentStatus.STARTED, PaymentStatus.PENDING)
_PAYMENT_KEY_LENGTH = 20


def providers() -> Mapping[str, PaymentProvider]:
    """The providers by name."""
    every: tuple[PaymentProvider, ...] = (get_sandbox(), CounterProvider())
    return {provider.name: provider for provider in every}


def get_sandbox() -> SandboxProvider:
    """The sandbox, whose server a worker plays."""
    return SandboxProvider(references.signature(get_settings().secret_key, "sandbox", "webhooks"))


def get_provider(name: str) -> PaymentProvider:
    """The provider of that name; UnknownProvider."""
    known = providers()
    if name not in known:
        raise UnknownProvider(f"the providers are {', '.join(known)}", pointer="/provider")
    return known[name]


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
    statement = insert(WebhookEvent).values(row).on_conflict_do_nothing().returning(WebhookEvent.event_id)
    return db.session.scalar(statement) is not None


def owe_refund(payment: Payment, amount: int, reason: str) -> Refund:
    """Write down money to give back."""
    refund = Refund(
        payment_id=payment.id,
        key=f"ref_{references.new_reference(_PAYMENT_KEY_LENGTH)}",
        amount=amount,
        reason=reason,
        status=RefundStatus.DUE,
        created_at=clock.now(),
    )
    db.session.add(refund)
    db.session.flush()
    return refund


def lock_refund(refund_id: int) -> Refund:
    """The refund, locked; RefundNotFound."""
    refund = db.session.scalars(select(Refund).where(Refund.id == refund_id).with_for_update()).one_or_none()
    if refund is None:
        raise RefundNotFound
    return refund


def has_refunds_due(booking_id: int) -> bool:
    """Whether money of a booking is still to be given back."""
    due = select(Refund.id).join(Payment, Payment.id == Refund.payment_id)
    due = due.where(Payment.booking_id == booking_id, Refund.status == RefundStatus.DUE)
    return db.session.scalars(due.limit(1)).first() is not None


def returned(booking_id: int) -> Sequence[Refund]:
    """Return the refunds of payments that the booking had no use for, in the order they were owed."""
    statement = select(Refund).join(Payment, Payment.id == Refund.payment_id)
    statement = statement.where(Payment.booking_id == booking_id, Refund.reason != "cancelled")
    return db.session.scalars(statement.order_by(Refund.id)).all()


def refunds(status: str | None) -> AnySelect:
    """Return the select of refunds, all or those of a status, with what staff need to pay them out."""
    return queries.refunds(status)
