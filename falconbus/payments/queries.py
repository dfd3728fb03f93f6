"""Reads of the money for lists."""

from sqlalchemy import func, select

from falconbus.bookings.models import Booking
from falconbus.payments.models import Payment, Refund, RefundStatus
from falconbus.platform.database.engine import AnySelect


def refunds(status: str | None) -> AnySelect:
    """Refunds with what staff need to pay them out."""
    statement: AnySelect = (
        select(
            Refund.id.label("key"),
            Refund.status,
            Refund.amount,
            Refund.reason,
            Refund.created_at,
            Payment.currency,
            Payment.provider,
            Payment.provider_reference,
            Booking.reference,
            Booking.email,
        )
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Booking, Booking.id == Payment.booking_id)
    )
    return statement if status is None else statement.where(Refund.status == status)


def open_refunds() -> AnySelect:
    """Refunds that are not paid, by status: their number, and when the oldest was owed."""
    return (
        select(Refund.status, func.count().label("number"), func.min(Refund.created_at).label("oldest"))
        .where(Refund.status != RefundStatus.DONE)
        .group_by(Refund.status)
    )
