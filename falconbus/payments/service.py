"""The rows of the money that comes in: attempts to pay, and what became of them. Asking providers is checkout's."""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from falconbus.payments import queries
from falconbus.payments.errors import PaymentNotFound, UnknownProvider
from falconbus.payments.models import UNSETTLED, Payment, PaymentStatus, ReceivedEvent
from falconbus.platform import jobs
from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.integrations.payments import registry
from falconbus.platform.integrations.payments.provider import (
    ChargeStatus,
    FollowUp,
    Outcome,
    PaymentProvider,
    ProviderFault,
)
from falconbus.platform.kit import clock, context, references
from falconbus.platform.web.idempotency import ClaimedKey, IdempotencyKeyReused

log = logging.getLogger(__name__)

#: How long a call to charge may be under way; longer than any provider's time limit. Only then does a provider that has
#: never heard of it know for certain.
LEASE = timedelta(seconds=45)
#: How often a pending or unresolved payment is asked after, and when a pending one is given up.
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
    except UnknownProvider as fault:
        # The reconciler goes on asking after the payment.
        jobs.failed(outbox_id, str(fault), retry=False)
    except ProviderFault as fault:
        jobs.failed(outbox_id, str(fault), retry=True)
    else:
        jobs.done(outbox_id)


def attempts(booking_id: int) -> Sequence[Payment]:
    """Return the attempts to pay for a booking as they are now, the newest first."""
    statement = select(Payment).where(Payment.booking_id == booking_id).order_by(Payment.id.desc())
    return db.session.scalars(statement.execution_options(populate_existing=True)).all()


def find_of_request(attempts: Sequence[Payment], key: ClaimedKey | None) -> Payment | None:
    """Return the newest attempt that this request or its twin has made; IdempotencyKeyReused for another request's."""
    for payment in attempts:
        if key is not None and payment.idempotency_digest == key.digest:
            if payment.request_hash != key.request_hash:
                raise IdempotencyKeyReused
            return payment
        if payment.request_id == context.own_id.get():
            return payment
    return None


def open_attempt(booking_id: int, provider: str, amount: int, currency: str, key: ClaimedKey | None = None) -> Payment:
    """Make an attempt to pay for a booking, leased to this request. Wants the booking locked, and none under way."""
    now = clock.now()
    payment = Payment(
        booking_id=booking_id,
        key=f"pay_{references.new_reference(_PAYMENT_KEY_LENGTH)}",
        provider=provider,
        amount=amount,
        currency=currency,
        created_at=now,
        idempotency_digest=key and key.digest,
        request_hash=key and key.request_hash,
    )
    lease(payment, now)
    db.session.add(payment)
    db.session.flush()
    return payment


def lease(payment: Payment, now: datetime) -> None:
    """Have this request ask the provider, first of all or after another one has failed."""
    payment.status = PaymentStatus.STARTED
    payment.request_id = context.own_id.get()
    payment.lease_until = now + LEASE


def is_leased_by_us(payment: Payment) -> bool:
    """Whether nobody else has taken the attempt over from this request."""
    return payment.status == PaymentStatus.STARTED and payment.request_id == context.own_id.get()


def leave_unresolved(payment: Payment, ask_again_at: datetime) -> None:
    """Let others pay meanwhile: the provider may have taken the money, and cannot be asked."""
    payment.status = PaymentStatus.UNRESOLVED
    payment.lease_until = ask_again_at


def lock_payment(payment_id: int) -> Payment:
    """The payment, locked and as it is now."""
    statement = select(Payment).where(Payment.id == payment_id).with_for_update()
    return db.session.scalars(statement.execution_options(populate_existing=True)).one()


def get_by_key(key: str, provider: str | None = None) -> Payment:
    """The payment that a provider (any, or this one) knows by `key`; PaymentNotFound."""
    payment = db.session.scalars(select(Payment).where(Payment.key == key)).one_or_none()
    if payment is None or provider not in {None, payment.provider}:
        raise PaymentNotFound
    return payment


def get_by_keys(keys: Collection[str]) -> dict[str, Payment]:
    """The payments that providers know by these keys, in one statement."""
    found = db.session.scalars(select(Payment).where(Payment.key.in_(keys)))
    return {payment.key: payment for payment in found}


def being_paid(booking_ids: Collection[int]) -> set[int]:
    """Return those of these bookings for which money may still come."""
    statement = select(Payment.booking_id).where(Payment.booking_id.in_(booking_ids), Payment.status.in_(UNSETTLED))
    return set(db.session.scalars(statement))


def record_outcome(payment: Payment, outcome: Outcome, at: datetime) -> None:
    """Write down what the provider said."""
    payment.provider_reference = outcome.reference or payment.provider_reference
    if outcome.status == ChargeStatus.PENDING:
        payment.lease_until = at + PENDING_POLL
        if payment.status != PaymentStatus.UNRESOLVED or not is_being_paid(payment.booking_id):
            payment.status = PaymentStatus.PENDING
        return
    payment.status = PaymentStatus.PAID if outcome.status == ChargeStatus.PAID else PaymentStatus.DECLINED
    payment.settled_at = at
    if payment.status == PaymentStatus.PAID:
        _record_taken(payment, outcome)


def record_failure(payment: Payment, at: datetime) -> None:
    """The provider has never heard of it, or never told: nothing was taken."""
    payment.status = PaymentStatus.FAILED
    payment.settled_at = at


def is_being_paid(booking_id: int) -> bool:
    """Whether a provider is being asked for a booking at this moment, or has yet to tell: another payment waits."""
    return _has(booking_id, _OPEN)


def has_open_attempt(booking_id: int) -> bool:
    """Whether money may still come for a booking, of which nothing can be said yet."""
    return _has(booking_id, UNSETTLED)


def count_unsettled() -> dict[str, float]:
    """Count the payments of unknown outcome, by status; every status is there."""
    statement = select(Payment.status, func.count().label("number")).where(Payment.status.in_(UNSETTLED))
    found = {row.status: row.number for row in db.session.execute(statement.group_by(Payment.status))}
    return {status: found.get(status, 0) for status in UNSETTLED}


def count_attempts(recent: datetime, before: datetime) -> Sequence[AnyRow]:
    """Count the newest attempts since `before` by provider, and those without money, before and since `recent`."""
    return db.session.execute(queries.newest_attempts(recent, before)).all()


def unattended(now: datetime, limit: int) -> list[int]:
    """Payments of unknown outcome that nobody is asking after: left by a crash, pending or unresolved for a while."""
    statement = select(Payment.id).where(Payment.status.in_(UNSETTLED), Payment.lease_until <= now)
    return list(db.session.scalars(statement.order_by(Payment.lease_until).limit(limit)))


def take_event(provider: str, event_id: str) -> bool:
    """Note a provider's event; False when it was told before."""
    row = {"provider": provider, "event_id": event_id, "received_at": clock.now()}
    statement = insert(ReceivedEvent).values(row).on_conflict_do_nothing().returning(ReceivedEvent.event_id)
    return db.session.scalar(statement) is not None


def _has(booking_id: int, statuses: Sequence[PaymentStatus]) -> bool:
    statement = select(Payment.id).where(Payment.booking_id == booking_id, Payment.status.in_(statuses))
    return db.session.scalars(statement).first() is not None


def _record_taken(payment: Payment, outcome: Outcome) -> None:
    asked = (payment.amount, payment.currency)
    payment.amount = asked[0] if outcome.amount is None else outcome.amount
    payment.currency = outcome.currency or asked[1]
    if (payment.amount, payment.currency) != asked:
        log.warning("payment %s: asked for %s %s, taken %s %s", payment.key, *asked, payment.amount, payment.currency)
