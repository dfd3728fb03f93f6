"""The rows of the money that goes back. Asking providers for it is checkout's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from falconbus.payments import queries
from falconbus.payments.errors import RefundNotFound
from falconbus.payments.models import Payment, Refund, RefundStatus, ReturnReason
from falconbus.platform.database.engine import AnyRow, AnySelect, db
from falconbus.platform.kit import clock, references

#: How long after the last time a provider is asked anew for a refund that no job is at work on.
ASK_AGAIN = timedelta(minutes=10)
#: How long a provider has to give money back; banks take up to three weeks.
PENDING_LIMIT = timedelta(days=30)
#: How long a provider may be missing from the settings; one that is lost for minutes harms nobody.
PROVIDER_MISSING_LIMIT = timedelta(hours=1)

_KEY_LENGTH = 20
_OPEN = (RefundStatus.DUE, RefundStatus.PENDING, RefundStatus.FAILED)


@dataclass(frozen=True, slots=True)
class OpenRefunds:
    """How many refunds of a status are not paid, and when the oldest was owed."""

    status: str
    number: int
    oldest: datetime | None


def owe_each(debts: Sequence[tuple[Payment, int, bool]], reason: str) -> list[Refund]:
    """Write down money to give back of many payments, given with the amount and whether by hand, in one statement."""
    now = clock.now()
    owed = [
        Refund(
            payment_id=payment.id,
            key=new_key(),
            amount=amount,
            reason=reason,
            status=RefundStatus.DUE if by_hand else RefundStatus.PENDING,
            created_at=now,
        )
        for payment, amount, by_hand in debts
    ]
    db.session.add_all(owed)
    db.session.flush()
    return owed


def new_key() -> str:
    """Return a key by which a provider is to know a refund."""
    return f"ref_{references.new_reference(_KEY_LENGTH)}"


def lock(refund_id: int) -> Refund:
    """Return the refund, locked and as it is now; RefundNotFound."""
    statement = select(Refund).where(Refund.id == refund_id).with_for_update()
    refund = db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if refund is None:
        raise RefundNotFound
    return refund


def lock_unanswered(now: datetime, limit: int, *, at_work: AnySelect) -> list[tuple[Refund, str]]:
    """Return pending refunds that no job (of those whose ids `at_work` selects) will ask for any more, locked.

    Each comes with its provider's name.
    """
    statement = (
        select(Refund, Payment.provider)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(
            Refund.status == RefundStatus.PENDING,
            func.coalesce(Refund.asked_at, Refund.created_at) <= now - ASK_AGAIN,
            Refund.id.not_in(at_work),
        )
        .order_by(Refund.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Refund)
        .execution_options(populate_existing=True)
    )
    return [(refund, provider) for refund, provider in db.session.execute(statement)]


def has_open(booking_id: int) -> bool:
    """Whether money of a booking is still to be given back."""
    unpaid = select(Refund.id).join(Payment, Payment.id == Refund.payment_id)
    unpaid = unpaid.where(Payment.booking_id == booking_id, Refund.status.in_(_OPEN))
    return db.session.scalars(unpaid.limit(1)).first() is not None


def returned(booking_id: int) -> Sequence[AnyRow]:
    """Return amount, currency and reason of what the booking had no use for, in the order it was owed."""
    statement = select(Refund.amount, Payment.currency, Refund.reason).join(Payment, Payment.id == Refund.payment_id)
    statement = statement.where(Payment.booking_id == booking_id, Refund.reason.in_(tuple(ReturnReason)))
    return db.session.execute(statement.order_by(Refund.id)).all()


def reason_returned(payment_id: int) -> ReturnReason | None:
    """Return why a payment was given back; None when it was not."""
    statement = select(Refund.reason).where(Refund.payment_id == payment_id, Refund.reason.in_(tuple(ReturnReason)))
    reason = db.session.scalars(statement.order_by(Refund.id)).first()
    return None if reason is None else ReturnReason(reason)


def count_open() -> list[OpenRefunds]:
    """Count the refunds that are not paid, by status; every status is there."""
    rows = {row.status: row for row in db.session.execute(queries.open_refunds())}
    return [
        OpenRefunds(status, rows[status].number, rows[status].oldest)
        if status in rows
        else OpenRefunds(status, 0, None)
        for status in _OPEN
    ]


def refunds(status: str | None) -> AnySelect:
    """Return the select of refunds, all or those of a status, with what staff need to see to them."""
    return queries.refunds(status)
