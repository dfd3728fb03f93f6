"""The page to sign in on, which all pages share."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, render_template, request
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from falconbus.accounts import service, sessions
from falconbus.accounts.errors import SessionsUnavailable, WrongCredentials
from falconbus.accounts.schemas import Credentials
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web import refusals
from falconbus.platform.web.identity import COOKIE, Csrf, caller, public
from falconbus.platform.web.limits import limited
from falconbus.platform.web.refusals import SIGN_IN

bp = Blueprint("sign_in", __name__, template_folder="templates")


@bp.get(SIGN_IN)
@public
@query_budget(1)
def show_sign_in() -> AnyResponse:
    """The form; `?next=` is where to go afterwards, an address of ours."""
    return _form(local_address(request.args.get("next")))


@bp.post(SIGN_IN)
@public
@limited("ratelimit_sign_in")
@query_budget(2)
def sign_in() -> AnyResponse:
    """Begin a session, in the place of the one that this browser has; what is wrong is told on the form."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") == "cross-site":
        raise Csrf
    goal, email = local_address(request.form.get("next")), request.form.get("email", "")
    try:
        given = Credentials(email=email, password=request.form.get("password", ""))
        cookie = service.begin_session(given.email, given.password, request.cookies.get(COOKIE))
    except ValidationError:
        return _form(goal, email, WrongCredentials())
    except (WrongCredentials, SessionsUnavailable) as refusal:
        return _form(goal, email, refusal)
    answer = redirect(goal, 303)
    _keep(answer, cookie, seconds=int(sessions.LIFETIME.total_seconds()))
    return answer


@bp.post("/sign-out")
@public
@query_budget(1)
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


@bp.after_request
def keep_form(answer: Response) -> Response:
    """Too many tries are told on the form, too."""
    if answer.status_code == 429 and refusals.read(answer) is not None:
        seconds = answer.headers.get("Retry-After", "60")
        answer.set_data(_page(local_address(request.form.get("next")), request.form.get("email", ""), _wait(seconds)))
        answer.content_type = "text/html; charset=utf-8"
    return answer


def _form(goal: str, email: str = "", refusal: DomainError | None = None) -> Response:
    page = _page(goal, email, f"{refusal.title}." if refusal else None)
    answer = Response(page, status=refusal.status if refusal else 200, content_type="text/html; charset=utf-8")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _page(goal: str, email: str, fault: str | None) -> str:
    return render_template("accounts/sign_in.html", next=goal, email=email[:254], fault=fault)


def _wait(seconds: str) -> str:
    return f"Too many tries. Wait {seconds} seconds, then try again."


def _keep(answer: AnyResponse, cookie: str, *, seconds: int) -> None:
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=seconds,
        httponly=True,
        samesite="Lax",
        secure=get_settings().public_url.startswith("https:"),
    )
