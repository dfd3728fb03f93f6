"""What people read when the answer is no: a page in place of the API's problem document."""

from urllib.parse import urlencode, urlsplit

import msgspec
from flask import Flask, Response, render_template, request

from falconbus.platform.web import pages, problems
from falconbus.platform.web.pages import Headings, Link, Refusals
from falconbus.platform.web.problems import Problem

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
    "method_not_allowed": ("This cannot be done here", "What was sent here is not for this address."),
    "body_too_large": ("That is too much at once", "Nothing was changed. Send less, and try again."),
    "rate_limited": ("Too many tries", "Wait a little, then go back and try again."),
    "sessions_unavailable": (
        "Changes are not possible for the moment",
        "Who you are cannot be checked right now, so nothing was changed. Try again in a minute.",
    ),
}


def init_app(app: Flask) -> None:
    """Show people pages, and lead those who must sign in to where they can."""
    app.after_request(_for_people)


def as_page(answer: Response) -> Response:
    """Draw a refusal for people's eyes: status and headers stay, the document becomes a page."""
    problem = _read(answer)
    if problem is None:
        return answer
    refusals = _of_present_blueprint(problem) or _SHARED
    heading, words = refusals.headings.get(problem.code) or _HEADINGS.get(problem.code) or _words_of(problem)
    answer.set_data(
        render_template(
            refusals.template, heading=heading, words=words, link=refusals.way_out(problem), problem=problem
        )
    )
    answer.content_type = "text/html; charset=utf-8"
    return answer


def _read(answer: Response) -> Problem | None:
    if answer.mimetype != problems.CONTENT_TYPE:
        return None
    return msgspec.json.decode(answer.get_data(), type=Problem)


def _of_present_blueprint(problem: Problem) -> Refusals | None:
    """Whoever is not signed in, or not allowed, is told so in the same words everywhere."""
    blueprint = pages.find_pages()
    if blueprint is None or (problem.status in {401, 403} and not blueprint.opens_by_link):
        return None
    return blueprint.refusals


def _words_of(problem: Problem) -> tuple[str, str]:
    """What is our fault is not explained; what is the caller's was, when it was raised."""
    return _UNEXPECTED if problem.status >= 500 else (problem.title, problem.detail)


def _for_people(answer: Response) -> Response:
    problem = None if request.path.startswith("/api/") else _read(answer)
    if problem is None:
        return answer
    if _of_present_blueprint(problem) is not None:
        return as_page(answer)
    must_sign_in = problem.code == "unauthenticated"
    if must_sign_in and "HX-Request" in request.headers:
        # A piece of a page was asked for: the whole page has to go to the sign-in.
        current = urlsplit(request.headers.get("HX-Current-URL", ""))
        answer.headers["HX-Redirect"] = _sign_in_for(current.path + (f"?{current.query}" if current.query else ""))
    if "text/html" not in request.headers.get("Accept", ""):
        return answer
    if must_sign_in and request.method in {"GET", "HEAD"}:
        return Response(status=303, headers={"Location": _sign_in_for(request.full_path.rstrip("?"))})
    return as_page(answer)


def _way_to_sign_in(problem: Problem) -> Link | None:
    """For those whom signing in, or doing so as somebody else, would help."""
    if problem.code in {"unauthenticated", "forbidden"}:
        return Link(_sign_in_for(request.path), "Sign in")
    return None


def _sign_in_for(address: str) -> str:
    return f"{SIGN_IN}?{urlencode({'next': address or '/'})}"


_SHARED = Refusals(way_out=_way_to_sign_in)
