"""What travellers read when the answer is no: a page in place of the API's problem document."""

import msgspec
from flask import Response, g, render_template, request, url_for

from falconbus.kit import problem

_UNEXPECTED = ("Something went wrong", "This is our fault, not yours. Try again in a few minutes.")
_HEADINGS: dict[str, tuple[str, str]] = {
    "booking_not_found": (
        "We cannot find that booking",
        "The link may be incomplete. Open it again from your mail, or copy all of it: its end is long.",
    ),
    "booking_over": ("This booking is cancelled already", "Nothing was done twice."),
    "hold_expired": (
        "Your seats are no longer held",
        "The time to pay for them has run out, so there is nothing left to cancel.",
    ),
    "too_late_to_cancel": ("It is too late to cancel", "The coach has left, and what has left cannot be cancelled."),
    "payment_in_progress": (
        "A payment is under way",
        "A booking cannot be cancelled while it is being paid for. Nothing was changed: try again in a few minutes.",
    ),
    "unknown_passenger": (
        "These tickets could not be cancelled",
        "Somebody you chose is cancelled already. Nothing was done twice: look at the booking and choose again.",
    ),
    "booking_not_confirmed": (
        "There are no tickets",
        "Tickets are there while a booking is paid and confirmed. Yours is not paid yet, or is cancelled.",
    ),
    "rate_limited": ("Too many tries", "Wait a little, then go back and try again."),
}


def as_page(answer: Response) -> Response:
    """The same refusal for people's eyes: status and headers stay, the document becomes a page."""
    if answer.mimetype != problem.CONTENT_TYPE:
        return answer
    document = msgspec.json.decode(answer.get_data(), type=problem.Problem)
    heading, words = _HEADINGS.get(document.code, _UNEXPECTED)
    answer.set_data(render_template("site/refusal.html", heading=heading, words=words, booking=_booking(document)))
    answer.content_type = "text/html; charset=utf-8"
    return answer


def _booking(document: problem.Problem) -> str | None:
    """Where the booking is, for bearers who have shown their token; a 404 is the same for everybody."""
    token = g.get("manage_token")
    if token is None or document.status == 404:
        return None
    return url_for("site.show_booking", **(request.view_args or {}), token=token)
