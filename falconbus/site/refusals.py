"""What travellers read when the answer is no."""

from flask import g, request, url_for

from falconbus.platform.web.pages import Headings, Link, Refusals
from falconbus.platform.web.problems import Problem

_HEADINGS: Headings = {
    "booking_not_found": (
        "We cannot find that booking",
        "The link may be incomplete: copy all of it, its end is long. Or it was renewed: use that of the newest mail.",
    ),
    "booking_over": ("This booking is cancelled already", "Nothing was done twice."),
    "hold_expired": (
        "Your seats are no longer held",
        "The time to pay for them has run out, so there is nothing left to cancel.",
    ),
    "too_late_to_cancel": (
        "It is too late to cancel",
        "The coach has left, and what has left cannot be cancelled. Nothing was changed.",
    ),
    "children_alone": (
        "Only children would be left to travel",
        "Nothing was cancelled. If they are to travel without you, go back and tick that this is meant.",
    ),
    "payment_in_progress": (
        "A payment is under way",
        "A booking cannot be cancelled while it is being paid for. Nothing was changed: try again in a few minutes.",
    ),
    "unknown_passenger": (
        "These tickets could not be cancelled",
        "Somebody you chose is cancelled already. Nothing was done twice: look at the booking and choose again.",
    ),
    "unknown_journey": (
        "This journey could not be cancelled",
        "A journey you chose is cancelled already. Nothing was done twice: look at the booking and choose again.",
    ),
    "booking_not_confirmed": (
        "There are no tickets",
        "Tickets are there while a booking is paid and confirmed. Yours is not paid yet, or is cancelled.",
    ),
}


def _way_to_booking(problem: Problem) -> Link | None:
    """Where the booking is, for bearers who have shown their token; a 404 is the same for everybody."""
    token = g.get("manage_token")
    if token is None or problem.status == 404:
        return None
    return Link(url_for("site.show_booking", **(request.view_args or {}), token=token), "See the booking")


REFUSALS = Refusals(headings=_HEADINGS, way_out=_way_to_booking)
