"""Addresses of paying, cancelling, and the ticket's papers."""

from flask import Blueprint, request

from falconbus.bookings import service as bookings
from falconbus.bookings.errors import (
    BookingNotConfirmed,
    BookingNotFound,
    BookingOver,
    HoldExpired,
    TooLateToCancel,
    UnknownPassenger,
)
from falconbus.bookings.schemas import AccessQuery, BookingOut
from falconbus.checkout import cancelling, refunding, service
from falconbus.checkout.schemas import (
    CancelIn,
    CancelQuery,
    PaymentIn,
    PaymentOut,
    PendingPaymentOut,
    QuoteOut,
    RefundOut,
    RefundQuery,
)
from falconbus.messaging import service as messaging
from falconbus.payments import refunds
from falconbus.payments import service as payments
from falconbus.payments.errors import (
    PaymentDeclined,
    PaymentInProgress,
    PaymentNotFound,
    PaymentReturned,
    ProviderFailed,
    RefundNotFound,
    StaffOnly,
    UnknownProvider,
)
from falconbus.payments.models import PaymentStatus, Refund
from falconbus.payments.permissions import TAKE_COUNTER_PAYMENTS
from falconbus.platform.database.pagination import Page, keyset_page
from falconbus.platform.integrations.payments.provider import BadWebhook
from falconbus.platform.web.declarations import PUBLIC, Media
from falconbus.platform.web.identity import caller
from falconbus.platform.web.operations import operation

bp = Blueprint("checkout", __name__, url_prefix="/api/v1")

_PAY_REFUSALS = (
    BookingNotFound, HoldExpired, BookingOver, PaymentDeclined, ProviderFailed, PaymentInProgress, PaymentReturned,
    StaffOnly, UnknownProvider,
)  # fmt: skip


@operation(
    bp.post("/bookings/<reference>/payments"),
    who=PUBLIC,
    takes=PaymentIn,
    asks=AccessQuery,
    gives={201: PaymentOut, 202: PendingPaymentOut},
    refuses=_PAY_REFUSALS,
    idempotent=True,
    budget=22,
)
def pay(reference: str, query: AccessQuery, body: PaymentIn) -> PaymentOut | PendingPaymentOut:
    """Pay for a held booking; 202 when the provider has yet to tell, or has a page of its own (`redirect_url`)."""
    result = service.pay(reference, body.provider, body.token, caller(), query.email)
    if result.status == PaymentStatus.PENDING:
        return PendingPaymentOut(result.payment_id, result.status, result.redirect_url)
    return PaymentOut(result.payment_id, result.status)


@operation(
    bp.post("/bookings/<reference>/cancel"),
    who=PUBLIC,
    takes=CancelIn,
    asks=CancelQuery,
    gives={200: (BookingOut, QuoteOut)},
    refuses=(BookingNotFound, HoldExpired, BookingOver, TooLateToCancel, UnknownPassenger),
    idempotent=True,
    budget=18,
)
def cancel(reference: str, query: CancelQuery, body: CancelIn) -> BookingOut | QuoteOut:
    """Cancel a booking or some of its passengers; with `quote=1` say what comes back, and change nothing."""
    if query.quote == "1":
        return QuoteOut.of(cancelling.quote(reference, body.passengers, caller(), query.email))
    return BookingOut.of(cancelling.cancel(reference, body.passengers, caller(), query.email))


@operation(
    bp.get("/bookings/<reference>/ticket.pdf"),
    who=PUBLIC,
    asks=AccessQuery,
    gives={200: Media("application/pdf")},
    refuses=(BookingNotFound, BookingNotConfirmed),
    budget=5,
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
    budget=5,
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
    budget=14,
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
    bp.post("/refunds/<id:refund_id>/pay-out"),
    who=TAKE_COUNTER_PAYMENTS,
    gives={204: None},
    refuses=(RefundNotFound,),
    budget=6,
)
def pay_out_refund(refund_id: int) -> None:
    """Note that a refund has been paid out by hand: of money taken at the counter, or where the provider failed."""
    refunding.pay_out(refund_id)
