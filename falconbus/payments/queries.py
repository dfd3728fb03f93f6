"""Reads of the money for lists."""

from datetime import datetime

from sqlalchemy import func, select

from falconbus.accounts.models import User
from falconbus.bookings.models import Booking
from falconbus.payments.models import Payment, PaymentStatus, Refund, RefundStatus
from falconbus.platform.database.engine import AnySelect

#: Attempts that ended, or hang, without money.
_NOT_TAKEN = (PaymentStatus.DECLINED, PaymentStatus.FAILED, PaymentStatus.UNRESOLVED)
_NEWEST = 500


def refunds(status: str | None) -> AnySelect:
    """Refunds with what staff need to see to them."""
    statement: AnySelect = (
        select(
            Refund.id.label("key"),
            Refund.status,
            Refund.amount,
            Refund.reason,
            Refund.key.label("provider_key"),
            Refund.error,
            Refund.created_at,
            Refund.asked_at,
            Refund.settled_at,
            Refund.note,
            User.name.label("handled_by"),
            Payment.currency,
            Payment.provider,
            Payment.provider_reference,
            Booking.reference,
            Booking.email,
        )
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Booking, Booking.id == Payment.booking_id)
        .outerjoin(User, User.id == Refund.handled_by_id)
    )
    return statement if status is None else statement.where(Refund.status == status)


def newest_attempts(recent: datetime, before: datetime) -> AnySelect:
    """Of the newest attempts to pay, those since `before` by provider: all and refused ones, before and since `recent`.

    Only so many are looked at, from the end of the primary key: it costs the same however many there are.
    """
    newest = (
        select(Payment.provider, Payment.created_at, Payment.status.in_(_NOT_TAKEN).label("refused"))
        .order_by(Payment.id.desc())
        .limit(_NEWEST)
        .subquery()
    )
    is_recent = newest.c.created_at >= recent
    return (
        select(
            newest.c.provider,
            func.count().filter(is_recent).label("recent"),
            func.count().filter(is_recent & newest.c.refused).label("recent_refused"),
            func.count().filter(~is_recent).label("before"),
            func.count().filter(~is_recent & newest.c.refused).label("before_refused"),
        )
        .where(newest.c.created_at >= before)
        .group_by(newest.c.provider)
        .order_by(newest.c.provider)
    )


def open_refunds() -> AnySelect:
    """Refunds that are not paid, by status: their number, and when the oldest was owed."""
    return (
        select(Refund.status, func.count().label("number"), func.min(Refund.created_at).label("oldest"))
        .where(Refund.status != RefundStatus.DONE)
        .group_by(Refund.status)
    )
