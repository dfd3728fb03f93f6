"""What people read when they have answered, or their answer is not taken, and what they can do then."""

from collections.abc import Mapping

from falconbus.platform.web.pages import Headings, Link, Notice, Refusals
from falconbus.platform.web.refusals import SIGN_IN

#: The problem of a refusal that has no words of its own.
NOT_DONE = "not_done"
_PROBLEMS = {
    "already_answered": (
        "This was answered or taken back before",
        "Nothing was changed. What holds now is told here; call your operator if it should be otherwise.",
    ),
    "impossible_change": (
        "This is not possible any more",
        "The charter has changed meanwhile, and nothing of it was changed now. Call your operator.",
    ),
    "staff_busy": (
        "You are on another ride at that time",
        "Nothing was changed. Reject this one and say so, or ask your operator to take you off the other first.",
    ),
    "on_leave": (
        "You are on leave at that time",
        "Nothing was changed. Reject it and say so, or ask your operator to change your leave first.",
    ),
    "licence_expired": (
        "You have no licence that holds until the end of the ride",
        "Nothing was changed. Give your operator the new one first, or reject this ride and say so.",
    ),
    "unknown_staff": ("You do not work in this role any more", "Nothing was changed. Call your operator."),
    "colleague": (
        "This colleague cannot take it any more",
        "Nothing was changed. Choose somebody else: these are free now.",
    ),
    NOT_DONE: ("This could not be done", "Nothing was changed. Call your operator."),
}

#: Told on the page, above what holds now; problems by the refusal's code, those about a colleague apart.
NOTICES: Mapping[str, Notice] = {
    "accepted": Notice("Thank you: you are on this ride."),
    "rejected": Notice("Your operator has been told."),
    "asked": Notice("Your colleague has been asked."),
    **{code: Notice(f"{what}. {then}", is_problem=True) for code, (what, then) in _PROBLEMS.items()},
}

#: Why a rejection needs its reason.
WHY_NOT = "Say why, so that your operator knows what to do."
#: Why a hand-over needs a colleague.
WHO = "Nobody was chosen. Choose a colleague first."

_HEADINGS: Headings = {
    "answer_not_found": (
        "We cannot find this question",
        "The link may be incomplete: copy all of it. If that does not help, sign in, or ask your operator.",
    ),
    "link_expired": (
        "This link has expired",
        "The ride has begun, or you were asked too long ago. Sign in to see your duties, or ask your operator.",
    ),
    "account_closed": (
        "This account does no more duties",
        "It is closed or has another role now, so nothing can be answered for it. Ask your operator.",
    ),
    "appointment_not_found": (
        "We cannot find this ride",
        "You may have been taken off it. Sign in to see your duties, or ask your operator.",
    ),
}

#: Told in place of the page.
REFUSALS = Refusals(headings=_HEADINGS, way_out=lambda _: Link(SIGN_IN, "Sign in"))
