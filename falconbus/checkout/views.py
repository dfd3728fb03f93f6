"""Addresses of paying, cancelling, and the ticket's papers."""

from flask import Blueprint, request

from falconbus.bookings import service as bookings
from falconbus.bookings.errors import (
    BookingNotConfirmed,
    BookingNotFound,
    BookingOver,
    ChildrenAlone,
    HoldExpired,
    TooLateToCancel,
    UnknownJourney,
    UnknownPassenger,
)
from falconbus.bookings.schemas import AccessQuery, BookingOut
from falconbus.checkout import cancelling, refunding, service
from falconbus.checkout.errors import QuoteChanged
from falconbus.checkout.schemas import (
    CancelIn,
    CancelQuery,
    HandlingIn,
    PaymentIn,
    PaymentOut,
    PendingPaymentOut,
    QuoteOut,
    RefundOut,
    RefundQuery,
)
from falconbus.inventory.errors import NotOnSale
from falconbus.messaging import service as messaging
from falconbus.payments import refunds
from falconbus.payments import service as payments
from falconbus.payments.errors import (
    PaidAfterCancelling,
    PaidAfterDeparture,
    PaidAfterWithdrawal,
    PaidByHand,
    PaidTwice,
    PaidWrongAmount,
    PaymentDeclined,
    PaymentInProgress,
    PaymentNotFound,
    PaymentReturned,
    ProviderFailed,
    RefundNotFound,
    RefundOver,
    StaffOnly,
    UnknownProvider,
)
from falconbus.payments.models import PaymentStatus, Refund
from falconbus.payments.permissions import TAKE_COUNTER_PAYMENTS
from falconbus.platform.database.pagination import Page, keyset_page
from falconbus.platform.integrations.payments.provider import BadWebhook
from falconbus.platform.web.declarations import PUBLIC, Media
from falconbus.platform.web.idempotency import claimed_key
from falconbus.platform.web.identity import Forbidden, caller
from falconbus.platform.web.operations import operation
from falconbus.timetable.errors import Departed

bp = Blueprint("checkout", __name__, url_prefix="/api/v1")

_PAY_REFUSALS = (
    BookingNotFound, HoldExpired, BookingOver, Departed, NotOnSale, PaymentDeclined, ProviderFailed, PaymentInProgress,
    PaymentReturned, PaidAfterDeparture, PaidAfterWithdrawal, PaidAfterCancelling, PaidTwice, PaidWrongAmount,
    StaffOnly, UnknownProvider,
)  # fmt: skip
_CANCEL_REFUSALS = (
    BookingNotFound, HoldExpired, BookingOver, TooLateToCancel, UnknownPassenger, UnknownJourney, ChildrenAlone,
    QuoteChanged, PaymentInProgress, Forbidden,
)  # fmt: skip


@operation(
    bp.post("/bookings/<reference>/payments"),
    who=PUBLIC,
    takes=PaymentIn,
    asks=AccessQuery,
    gives={201: PaymentOut, 202: PendingPaymentOut},
    refuses=_PAY_REFUSALS,
    idempotent=True,
    budget=30,
)
def pay(reference: str, query: AccessQuery, body: PaymentIn) -> PaymentOut | PendingPaymentOut:
    """Pay for a held booking; 202 when the provider has yet to tell, or has a page of its own (`redirect_url`)."""
    result = service.pay(reference, body.provider, body.token, caller(), query.email, claimed_key())
    if result.status == PaymentStatus.PENDING:
        return PendingPaymentOut(result.payment_id, result.status, result.redirect_url)
    return PaymentOut(result.payment_id, result.status)


@operation(
    bp.post("/bookings/<reference>/cancel"),
    who=PUBLIC,
    takes=CancelIn,
    asks=CancelQuery,
    gives={200: (BookingOut, QuoteOut)},
    refuses=_CANCEL_REFUSALS,
    idempotent=True,
    budget=30,
)
def cancel(reference: str, query: CancelQuery, body: CancelIn) -> BookingOut | QuoteOut:
    """Cancel a booking, or some of its passengers or journeys; with `quote=1` say what comes back, and change nothing.

    A problem with the code `quote_changed` bears the new quote as `quote`, in the shape of QuoteOut.
    """
    if query.quote == "1":
        return QuoteOut.of(cancelling.quote(reference, body.to_request(), caller(), query.email))
    return BookingOut.of(cancelling.cancel(reference, body.to_request(), caller(), query.email))


@operation(
    bp.get("/bookings/<reference>/ticket.pdf"),
    who=PUBLIC,
    asks=AccessQuery,
    gives={200: Media("application/pdf")},
    refuses=(BookingNotFound, BookingNotConfirmed),
    budget=7,
)
def show_ticket(reference: str, query: AccessQuery) -> bytes:
    """The tickets of a confirmed booking, to print or to show."""
    return messaging.find_ticket_pdf(bookings.get_visible_id(reference, caller(), query.email))


@operation(
    bp.get("/bookings/<reference>/calendar.ics"),
    who=PUBLIC,
    asks=AccessQuery,
    gives={200: Media("text/calendar")},
    refuses=(BookingNotFound, BookingNotConfirmed),
    budget=7,
)
def show_calendar(reference: str, query: AccessQuery) -> bytes:
    """The journeys of a booking for a calendar; of a cancelled one, what takes them out of it."""
    return messaging.find_calendar(bookings.get_visible_id(reference, caller(), query.email))


@operation(
    bp.post("/payments/webhooks/<provider>"),
    who=PUBLIC,
    gives={204: None},
    refuses=(BadWebhook, PaymentNotFound, UnknownProvider),
    counted=False,
    budget=18,
)
def receive_webhook(provider: str) -> None:
    """Where providers tell what became of a payment; signed, and safe to tell twice."""
    event = payments.get_provider(provider).read_webhook(dict(request.headers), request.get_data(cache=True))
    service.receive(provider, event)


@operation(bp.get("/refunds"), who=TAKE_COUNTER_PAYMENTS, asks=RefundQuery, gives={200: Page[RefundOut]}, budget=1)
def list_refunds(query: RefundQuery) -> Page[RefundOut]:
    """Money that goes back, newest first; what is `due` or `failed` is to be paid out by hand."""
    return keyset_page(refunds.refunds(query.status), Refund.id, query, RefundOut, RefundOut.of)


@operation(
    bp.post("/refunds/<id:refund_id>/retry"),
    who=TAKE_COUNTER_PAYMENTS,
    takes=HandlingIn,
    gives={204: None},
    refuses=(RefundNotFound, RefundOver, PaidByHand),
    idempotent=True,
    budget=8,
)
def retry_refund(refund_id: int, body: HandlingIn) -> None:
    """Have the provider asked anew for a refund that failed: it is `pending` again."""
    refunding.retry(refund_id, body.to_handling(caller().user_id))


@operation(
    bp.post("/refunds/<id:refund_id>/pay-out"),
    who=TAKE_COUNTER_PAYMENTS,
    takes=HandlingIn,
    gives={204: None},
    refuses=(RefundNotFound, RefundOver),
    idempotent=True,
    budget=9,
)
def pay_out_refund(refund_id: int, body: HandlingIn) -> None:
    """Note that a refund has been paid out by hand: of money taken at the counter, or where the provider failed."""
    refunding.pay_out(refund_id, body.to_handling(caller().user_id))
