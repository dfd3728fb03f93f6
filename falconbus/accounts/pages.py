"""The page to sign in on, which all pages share."""

from urllib.parse import urlsplit

from flask import Response, redirect, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from falconbus.accounts import service, sessions
from falconbus.accounts.errors import WrongCredentials
from falconbus.accounts.schemas import Credentials
from falconbus.accounts.sign_in_limit import count_try
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web import limits
from falconbus.platform.web.declarations import PAGE, PUBLIC
from falconbus.platform.web.forms import Form, new_form, read_form
from falconbus.platform.web.identity import COOKIE, Csrf, SessionsUnavailable, caller
from falconbus.platform.web.operations import operation
from falconbus.platform.web.pages import PageBlueprint
from falconbus.platform.web.refusals import SIGN_IN

bp = PageBlueprint("sign_in", __name__)


@operation(bp.get(SIGN_IN), who=PUBLIC, gives={200: PAGE}, budget=1)
def show_sign_in() -> AnyResponse:
    """The form; `?next=` is where to go afterwards, an address of ours."""
    return _show(new_form(Credentials), local_address(request.args.get("next")))


@operation(bp.post(SIGN_IN), who=PUBLIC, gives={200: PAGE}, limit="ratelimit_sign_in", budget=2)
def sign_in() -> AnyResponse:
    """Begin a session, in the place of the one that this browser has; what is wrong is told on the form."""
    if not is_from_here():
        raise Csrf
    form, goal = read_form(Credentials), local_address(request.form.get("next"))
    if form.content is None:
        return _show(form.refused(WrongCredentials()), goal)
    count_try(form.content.email)
    try:
        cookie = service.begin_session(form.content.email, form.content.password, request.cookies.get(COOKIE))
    except (WrongCredentials, SessionsUnavailable) as refusal:
        return _show(form.refused(refusal), goal)
    answer = redirect(goal, 303)
    _keep(answer, cookie, seconds=int(sessions.LIFETIME.total_seconds()))
    return answer


@operation(bp.post("/sign-out"), who=PUBLIC, gives={200: PAGE}, budget=1)
def sign_out() -> AnyResponse:
    """End this browser's session; without one there is nothing to end."""
    if not caller().is_anonymous:
        service.end_session(request.cookies.get(COOKIE, ""))
    answer = redirect(SIGN_IN, 303)
    _keep(answer, "", seconds=0)
    return answer


def local_address(text: str | None) -> str:
    """An address within this site, as it was given; the first page when it could lead elsewhere, or back here."""
    text = text or ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    is_local = text.startswith("/") and not text.startswith("//") and not parts.scheme and not parts.netloc
    # Browsers read a backslash as a slash, and skip what cannot be seen.
    if not is_local or "\\" in text or not text.isprintable() or parts.path in {SIGN_IN, "/sign-out"}:
        return "/"
    return text


def is_from_here() -> bool:
    """Tell whether the form that was sent is ours, by what the browser says of it; one that says nothing is believed.

    Without a session there is no token to tell by, and another site could sign people in to an account of its own.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site in {"same-origin", "none"}
    public = urlsplit(get_settings().public_url)
    return origin in {None, f"{public.scheme}://{public.netloc}", request.host_url.rstrip("/")}


@bp.errorhandler(limits.RateLimited)
def show_waiting(refusal: limits.RateLimited) -> Response:
    """Too many tries are told on the form, too."""
    limits.note_refusal()
    words = f"Too many tries. Wait {refusal.seconds} seconds, then try again."
    try:
        form, goal = read_form(Credentials), local_address(request.form.get("next"))
    except (RequestEntityTooLarge, DomainError):
        form, goal = new_form(Credentials), local_address(None)
    answer = _show(form.with_fault(words, 429), goal)
    answer.headers.extend(refusal.headers)
    return answer


def _show(form: Form[Credentials], goal: str) -> Response:
    return Response(render_template("accounts/sign_in.html", form=form, next=goal), form.status, mimetype="text/html")


def _keep(answer: AnyResponse, cookie: str, *, seconds: int) -> None:
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=seconds,
        httponly=True,
        samesite="Lax",
        secure=get_settings().public_url.startswith("https:"),
    )
