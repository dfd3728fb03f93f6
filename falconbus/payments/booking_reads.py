"""The reads of payments for bookings, which do not know the table."""

from sqlalchemy import or_, select

from falconbus.bookings.payment_reads import PaymentReads, PaymentState
from falconbus.payments.models import UNSETTLED, Payment
from falconbus.platform.database.engine import AnySelect, db


def _find_state(booking_id: int) -> PaymentState | None:
    """Return how the payment of a booking stands that none has confirmed; None when nobody has tried."""
    found = set(db.session.scalars(select(Payment.status).where(Payment.booking_id == booking_id)))
    if not found:
        return None
    return "failed" if found.isdisjoint(UNSETTLED) else "pending"


def _select_bookings_of(payment: str) -> AnySelect:
    return select(Payment.booking_id).where(or_(Payment.key == payment, Payment.provider_reference == payment))


PAYMENT_READS = PaymentReads(find_state=_find_state, select_bookings_of=_select_bookings_of)
