"""Reads of the money for lists."""

from sqlalchemy import func, select

from falconbus.accounts.models import User
from falconbus.bookings.models import Booking
from falconbus.payments.models import Payment, Refund, RefundStatus
from falconbus.platform.database.engine import AnySelect


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


def open_refunds() -> AnySelect:
    """Refunds that are not paid, by status: their number, and when the oldest was owed."""
    return (
        select(Refund.status, func.count().label("number"), func.min(Refund.created_at).label("oldest"))
        .where(Refund.status != RefundStatus.DONE)
        .group_by(Refund.status)
    )
