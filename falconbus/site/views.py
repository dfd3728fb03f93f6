"""The page behind a mail's manage link: the booking, its papers, cancelling.

The token is the authority, in the address or in a form's body, and no cookie is read: another site's page has nothing
to ride on (CSRF).
"""

from typing import Any

from flask import Response, g, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from falconbus.bookings import service as bookings
from falconbus.checkout import cancelling
from falconbus.checkout.errors import QuoteChanged
from falconbus.messaging import service as messaging
from falconbus.platform.design import formats
from falconbus.platform.kit import references
from falconbus.platform.web.declarations import PAGE, PUBLIC
from falconbus.platform.web.identity import Identity
from falconbus.platform.web.operations import operation
from falconbus.platform.web.pages import Notice, PageBlueprint
from falconbus.site import service
from falconbus.site.pages import BookingPage, CancelPage
from falconbus.site.refusals import REFUSALS
from falconbus.site.schemas import Choice, cancel_request

_NOTICES = {
    "cancelled": Notice("Done: what you chose is cancelled."),
    "changed": Notice(
        "Nothing is cancelled yet: what comes back has changed since you looked. These are the sums now.",
        is_problem=True,
    ),
}

bp = PageBlueprint("site", __name__, url_prefix="/manage", notices=_NOTICES, refusals=REFUSALS, opens_by_link=True)


@operation(bp.get("/<reference>"), who=PUBLIC, gives={200: PAGE}, budget=6)
def show_booking(reference: str) -> str:
    """The booking, for the bearer of its manage token (`?token=`)."""
    booking = bookings.get_visible(reference, _identity(reference, request.args), None)
    return render_template("site/booking.html", page=BookingPage.of(booking, is_paying=service.is_paying(booking)))


@operation(bp.get("/<reference>/ticket.pdf"), who=PUBLIC, gives={200: PAGE}, budget=7)
def download_ticket(reference: str) -> Response:
    """The tickets of a confirmed booking, to print or to show."""
    booking_id = bookings.get_visible_id(reference, _identity(reference, request.args), None)
    name = f"tickets-{references.read_reference(reference)}.pdf"
    return _attached(messaging.find_ticket_pdf(booking_id), "application/pdf", name)


@operation(bp.get("/<reference>/calendar.ics"), who=PUBLIC, gives={200: PAGE}, budget=7)
def download_calendar(reference: str) -> Response:
    """The journeys of a confirmed booking for a calendar."""
    booking_id = bookings.get_visible_id(reference, _identity(reference, request.args), None)
    name = f"journey-{references.read_reference(reference)}.ics"
    return _attached(messaging.find_calendar(booking_id), "text/calendar", name)


@operation(bp.get("/<reference>/cancel"), who=PUBLIC, gives={200: PAGE}, budget=8)
def show_cancelling(reference: str) -> str:
    """Who and what can be cancelled, and what would come back (`passenger=1&passenger=2&journey=1`, with `chosen`)."""
    identity = _identity(reference, request.args)
    choice = Choice.of(request.args)
    quote = cancelling.quote(reference, choice.to_request(), identity, None)
    booking = bookings.get_visible(reference, identity, None)
    return render_template("site/cancel.html", page=CancelPage.of(booking, choice, quote))


@operation(bp.post("/<reference>/cancel"), who=PUBLIC, gives={200: PAGE}, budget=18)
def cancel(reference: str) -> AnyResponse:
    """Cancel what was chosen, for the refund and fee that the form was shown with, and go back to the booking."""
    identity = _identity(reference, request.form)
    cancelling.cancel(reference, cancel_request(request.form), identity, None)
    return _go("site.show_booking", notice="cancelled")


@bp.errorhandler(QuoteChanged)
def show_new_quote(_: QuoteChanged) -> AnyResponse:
    """Nothing was cancelled: show what would come back now."""
    choice = Choice.of(request.form)
    chosen = {"passenger": choice.passengers, "journey": choice.journeys}
    return _go("site.show_cancelling", **chosen, chosen=1, notice="changed")


@bp.context_processor
def share_with_templates() -> dict[str, Any]:
    """Give every page the words of dates and sums, and the token that its links bear."""
    return {"formats": formats, "token": g.get("manage_token")}


def _identity(reference: str, fields: MultiDict[str, str]) -> Identity:
    token = fields.get("token", "")
    identity = service.identify(reference, token)
    g.manage_token = token
    return identity


def _attached(content: bytes, media_type: str, name: str) -> Response:
    answer = Response(content, mimetype=media_type)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _go(endpoint: str, notice: str, **fields: object) -> AnyResponse:
    """See another page of the same booking."""
    return bp.see(endpoint, notice=notice, **(request.view_args or {}), token=g.manage_token, **fields)
