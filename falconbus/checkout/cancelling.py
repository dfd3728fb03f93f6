"""Cancelling, with a quote first and a refund afterwards."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from falconbus.accounts import audit
from falconbus.bookings import service as bookings
from falconbus.bookings.errors import ChildrenAlone
from falconbus.bookings.models import Booking, BookingStatus
from falconbus.bookings.read_model import BookingDetails
from falconbus.bookings.service import Cancellation
from falconbus.checkout import asking, refunding
from falconbus.checkout.errors import QuoteChanged
from falconbus.checkout.permissions import WAIVE_FEES
from falconbus.messaging.mail_kinds import CANCELLATION
from falconbus.payments import service as payments
from falconbus.platform.kit import clock, money
from falconbus.platform.mailing import service as mailing
from falconbus.platform.web.identity import Forbidden, Identity


@dataclass(frozen=True, slots=True)
class Expected:
    """The amounts that somebody was shown, as decimal text; None for one that they leave open."""

    refund: str | None = None
    fee: str | None = None

    @classmethod
    def of(cls, quote: Cancellation) -> "Expected":
        return cls(money.to_text(quote.refund, quote.currency), money.to_text(quote.fee, quote.currency))

    def is_met_by(self, quote: Cancellation) -> bool:
        return _is_amount(self.refund, quote.refund, quote.currency) and _is_amount(self.fee, quote.fee, quote.currency)


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Passengers on journeys, by number, None for all; for what is expected, and whether children may stay alone.

    `waiver`: why the fee is waived, None while it is not.
    """

    passengers: Collection[int] | None = None
    journeys: Collection[int] | None = None
    expected: Expected = Expected()
    children_alone: bool = False
    waiver: str | None = None


def quote(reference: str, request: CancelRequest, identity: Identity, email: str | None) -> Cancellation:
    """What cancelling would come to, whatever is expected; nothing changes. Forbidden for who may not waive a fee."""
    booking = bookings.load_visible(reference, identity, email)
    _check_may_waive(request, identity)
    return _quote(booking, request, clock.now())


def cancel(reference: str, request: CancelRequest, identity: Identity, email: str | None) -> BookingDetails:
    """Cancel tickets: seats free, money owed back and mail queued, all in one transaction.

    With a waiver everything comes back, also of coaches that have left; the audit log keeps why. Raises what a quote
    raises, PaymentInProgress, ChildrenAlone, and QuoteChanged when it would come to something else than expected.
    """
    booking = bookings.lock_changeable(reference, identity, email)
    _check_may_waive(request, identity)
    asking.check_nobody_pays(booking)
    now = clock.now()
    cancellation = _quote(booking, request, now)
    if cancellation.leaves_children_alone and not request.children_alone:
        raise ChildrenAlone
    if not request.expected.is_met_by(cancellation):
        raise QuoteChanged(cancellation)
    if request.waiver is not None:
        audit.record("waive_fee", "bookings", booking.reference, reason=request.waiver, refund=cancellation.refund)
    was_paid = booking.status == BookingStatus.CONFIRMED
    bookings.cancel(booking, cancellation, now)
    if cancellation.refund > 0:
        refunding.owe(payments.get_by_key(booking.payment_id or ""), cancellation.refund, "cancelled")
    elif cancellation.ends_booking and booking.refund_amount > 0:
        refunding.end_booking(booking)
    if was_paid:
        mailing.tell(CANCELLATION, booking.id, booking.email)
    return bookings.get_details(booking.id)


def _quote(booking: Booking, request: CancelRequest, now: datetime) -> Cancellation:
    return bookings.quote_cancellation(
        booking, request.passengers, now, journeys=request.journeys, waives_fee=request.waiver is not None
    )


def _check_may_waive(request: CancelRequest, identity: Identity) -> None:
    if request.waiver is not None and not identity.may(WAIVE_FEES):
        raise Forbidden


def _is_amount(text: str | None, amount: int, currency: str) -> bool:
    """Tell whether a decimal text, if there is one, says this amount."""
    try:
        return text is None or money.from_text(text, currency) == amount
    except ValueError:
        return False
