"""The page behind a notification's link, on which somebody answers for a ride without signing in.

The token is the authority, and no cookie is read: another site's page has nothing to ride on (CSRF). Looking changes
nothing, for programs that scan mails open every link. What bears a secret in its address is neither kept, nor indexed,
nor passed on as a referrer, nor logged.
"""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from falconbus.platform.design import formats
from falconbus.platform.kit.errors import DomainError, Invalid
from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web import refusals
from falconbus.platform.web.identity import public
from falconbus.scheduling.appointments.errors import ImpossibleChange
from falconbus.scheduling.assignments.errors import AlreadyAnswered, StaffBusy, UnknownStaff
from falconbus.scheduling.eligibility.errors import LicenceExpired, OnLeave
from falconbus.scheduling.offer_links import service
from falconbus.scheduling.offer_links.errors import BadReason
from falconbus.scheduling.offer_links.policy import LONGEST_REASON
from falconbus.scheduling.offer_links.words import PROBLEMS, REFUSALS

bp = Blueprint("answers", __name__, url_prefix="/answer", template_folder="templates")

_ABOUT_PEOPLE = (StaffBusy, OnLeave, LicenceExpired, UnknownStaff, Invalid)
_LARGEST_KEY = 2**31 - 1


@bp.get("/<token>")
@public
@query_budget(3)
def show_answer(token: str) -> str:
    """The ride, what holds of it, and what can be answered."""
    return _render(token)


@bp.get("/<token>/<any(accept,reject,'hand-over'):action>")
@public
@query_budget(0)
def return_to_answer(token: str, action: str) -> AnyResponse:
    """Where forms are sent to there is nothing to see: back to the page."""
    del action
    return _go(token)


@bp.post("/<token>/accept")
@public
@query_budget(16)
def accept(token: str) -> AnyResponse:
    """Take the ride."""
    service.accept(token)
    return _go(token, notice="accepted")


@bp.post("/<token>/reject")
@public
@query_budget(12)
def reject(token: str) -> AnyResponse | tuple[str, int]:
    """Say no, with the `reason`; one that will not do is shown again, to be put right."""
    given = request.form.get("reason", "")
    try:
        service.reject(token, given)
    except BadReason as fault:
        return _render(token, reason=given, reason_fault=fault.detail), fault.status
    return _go(token, notice="rejected")


@bp.post("/<token>/hand-over")
@public
@query_budget(13)
def hand_over(token: str) -> AnyResponse:
    """Ask the colleague whose key is `to` to take it."""
    to = request.form.get("to", type=int)
    if to is None or not 0 < to <= _LARGEST_KEY:
        return _go(token, problem="no_colleague")
    service.hand_over(token, to)
    return _go(token, notice="asked")


def show_problem(refusal: DomainError) -> AnyResponse:
    """Nothing was changed: back to the page, which tells why and what holds now."""
    is_about_colleague = request.endpoint == "answers.hand_over" and isinstance(refusal, _ABOUT_PEOPLE)
    problem = "colleague" if is_about_colleague else refusal.code
    return _go((request.view_args or {})["token"], problem=problem)


for _kind in (AlreadyAnswered, ImpossibleChange, *_ABOUT_PEOPLE):
    bp.register_error_handler(_kind, show_problem)


@bp.after_request
def keep_private(answer: Response) -> Response:
    """For its reader alone, refusals too; those are pages here."""
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex"
    return refusals.as_page(answer, REFUSALS, "answers/refusal.html", (refusals.SIGN_IN, "Sign in"))


def _render(token: str, **given: str) -> str:
    return render_template(
        "answers/answer.html",
        page=service.get_page(token),
        token=token,
        formats=formats,
        notice=request.args.get("notice"),
        problem=PROBLEMS.get(request.args.get("problem", "")),
        longest_reason=LONGEST_REASON,
        **given,
    )


def _go(token: str, **fields: str) -> AnyResponse:
    return redirect(url_for("answers.show_answer", token=token, **fields), 303)  # type: ignore[arg-type]
