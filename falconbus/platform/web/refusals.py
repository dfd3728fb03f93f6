"""What people read when the answer is no: a page in place of the API's problem document."""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import msgspec
from flask import Flask, Response, render_template, request

from falconbus.platform.web import problems

#: From a problem's code to a heading and what to do.
Headings = Mapping[str, tuple[str, str]]

SIGN_IN = "/sign-in"
_UNEXPECTED = ("Something went wrong", "This is our fault, not yours. Try again in a few minutes.")
_HEADINGS: Headings = {
    "unauthenticated": ("Sign in first", "Your session has ended, and nothing was changed. Sign in, then try again."),
    "forbidden": (
        "Your account may not see this",
        "It needs a permission that your account does not have. Ask an administrator, or sign in as somebody else.",
    ),
    "csrf": (
        "The page was open for too long",
        "Nothing was changed. Go back, load the page again, and try again.",
    ),
    "not_found": ("There is no such page", "The address may be incomplete, or what was here is gone."),
    "method_not_allowed": ("There is no such page", "What was sent here is not for this address."),
    "body_too_large": ("That is too much at once", "Nothing was changed. Send less, and try again."),
    "rate_limited": ("Too many tries", "Wait a little, then go back and try again."),
    "sessions_unavailable": (
        "Changes are not possible for the moment",
        "Who you are cannot be checked right now, so nothing was changed. Try again in a minute.",
    ),
}


def init_app(app: Flask) -> None:
    """Show browsers pages, and lead those who must sign in to where they can."""
    app.after_request(_for_browsers)


def as_page(
    answer: Response,
    headings: Headings = _HEADINGS,
    template: str = "refusal.html",
    link: tuple[str, str] | None = None,
) -> Response:
    """The same refusal for people's eyes: status and headers stay, the document becomes a page.

    `headings` come before those that all pages share; `link` is an address and its words.
    """
    document = read(answer)
    if document is None:
        return answer
    heading, words = headings.get(document.code) or _HEADINGS.get(document.code) or _words_of(document)
    answer.set_data(render_template(template, heading=heading, words=words, link=link))
    answer.content_type = "text/html; charset=utf-8"
    return answer


def read(answer: Response) -> problems.Problem | None:
    """The problem document that an answer is."""
    if answer.mimetype != problems.CONTENT_TYPE:
        return None
    return msgspec.json.decode(answer.get_data(), type=problems.Problem)


def _words_of(document: problems.Problem) -> tuple[str, str]:
    """What is our fault is not explained; what is the caller's was, when it was raised."""
    return _UNEXPECTED if document.status >= 500 else (document.title, document.detail)


def _for_browsers(answer: Response) -> Response:
    if answer.mimetype != problems.CONTENT_TYPE or request.path.startswith("/api/"):
        return answer
    document = read(answer)
    must_sign_in = document is not None and document.code == "unauthenticated"
    if must_sign_in and "HX-Request" in request.headers:
        # A piece of a page was asked for: the whole page has to go to the sign-in.
        current = urlsplit(request.headers.get("HX-Current-URL", ""))
        answer.headers["HX-Redirect"] = _sign_in_for(current.path + (f"?{current.query}" if current.query else ""))
    if "text/html" not in request.headers.get("Accept", ""):
        return answer
    if must_sign_in and request.method in {"GET", "HEAD"}:
        return Response(status=303, headers={"Location": _sign_in_for(request.full_path.rstrip("?"))})
    if document is not None and document.code in {"unauthenticated", "forbidden"}:
        return as_page(answer, link=(_sign_in_for(request.path), "Sign in"))
    return as_page(answer)


def _sign_in_for(address: str) -> str:
    return f"{SIGN_IN}?{urlencode({'next': address or '/'})}"
