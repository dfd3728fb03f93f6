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
from falconbus.checkout.schemas import CancelIn, CancelQuery, PaymentIn, PaymentOut, QuoteOut, RefundOut, RefundQuery
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
from falconbus.payments.models import Refund
from falconbus.payments.permissions import TAKE_COUNTER_PAYMENTS
from falconbus.platform.database.pagination import Page, keyset
from falconbus.platform.integrations.payments.provider import BadWebhook
from falconbus.platform.kit.schema import pick_fields
from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web.idempotency import idempotent
from falconbus.platform.web.identity import caller, public, requires
from falconbus.platform.web.limits import uncounted
from falconbus.platform.web.operations import accepts, accepts_query, media, returns

bp = Blueprint("checkout", __name__, url_prefix="/api/v1")

_PAY_REFUSALS = (
    BookingNotFound, HoldExpired, BookingOver, PaymentDeclined, ProviderFailed, PaymentInProgress, PaymentReturned,
    StaffOnly, UnknownProvider,
)  # fmt: skip


@bp.post("/bookings/<reference>/payments")
@public
@query_budget(22)
@accepts_query(AccessQuery)
@accepts(PaymentIn)
@idempotent
@returns(PaymentOut, 201, *_PAY_REFUSALS)
def pay(reference: str, query: AccessQuery, body: PaymentIn) -> PaymentOut:
    """Pay for a held booking; 202 when the provider has yet to tell, or has a page of its own (`redirect_url`)."""
    result = service.pay(reference, body.provider, body.token, caller(), query.email)
    return PaymentOut(result.payment_id, result.status, result.redirect_url)


@bp.post("/bookings/<reference>/cancel")
@public
@query_budget(18)
@accepts_query(CancelQuery)
@accepts(CancelIn)
@idempotent
@returns(BookingOut, 200, BookingNotFound, HoldExpired, BookingOver, TooLateToCancel, UnknownPassenger)
def cancel(reference: str, query: CancelQuery, body: CancelIn) -> BookingOut | QuoteOut:
    """Cancel a booking or some of its passengers; with `quote=1` say what comes back, and change nothing."""
    if query.quote == "1":
        return QuoteOut.of(cancelling.quote(reference, body.passengers, caller(), query.email))
    return BookingOut.of(cancelling.cancel(reference, body.passengers, caller(), query.email))


@bp.get("/bookings/<reference>/ticket.pdf")
@public
@query_budget(5)
@accepts_query(AccessQuery)
@media("application/pdf", BookingNotFound, BookingNotConfirmed)
def show_ticket(reference: str, query: AccessQuery) -> bytes:
    """The tickets of a confirmed booking, to print or to show."""
    return messaging.find_ticket_pdf(bookings.get_visible_id(reference, caller(), query.email))


@bp.get("/bookings/<reference>/calendar.ics")
@public
@query_budget(5)
@accepts_query(AccessQuery)
@media("text/calendar", BookingNotFound, BookingNotConfirmed)
def show_calendar(reference: str, query: AccessQuery) -> bytes:
    """The journeys of a confirmed booking for a calendar."""
    return messaging.find_calendar(bookings.get_visible_id(reference, caller(), query.email))


@bp.post("/payments/webhooks/<provider>")
@public
@uncounted
@query_budget(14)
@returns(None, 204, BadWebhook, PaymentNotFound, UnknownProvider)
def receive_webhook(provider: str) -> None:
    """Where providers tell what became of a payment; signed, and safe to tell twice."""
    event = payments.get_provider(provider).read_webhook(dict(request.headers), request.get_data(cache=True))
    service.receive(provider, event)


@bp.get("/refunds")
@requires(TAKE_COUNTER_PAYMENTS)
@query_budget(1)
@accepts_query(RefundQuery)
@returns(Page[RefundOut])
def list_refunds(query: RefundQuery) -> Page[RefundOut]:
    """Money that goes back, newest first; what is `due` or `failed` is to be paid out by hand."""
    rows, *neighbours = keyset(refunds.refunds(query.status), Refund.id, query)
    return Page(pick_fields([RefundOut.of(row) for row in rows], RefundOut, query.fields), *neighbours)


@bp.post("/refunds/<id:refund_id>/pay-out")
@requires(TAKE_COUNTER_PAYMENTS)
@query_budget(6)
@returns(None, 204, RefundNotFound)
def pay_out_refund(refund_id: int) -> None:
    """Note that a refund has been paid out by hand: of money taken at the counter, or where the provider failed."""
    refunding.pay_out(refund_id)
