"""The page behind a notification's link, on which somebody answers for a ride without signing in.

The token is the authority, and no cookie is read: another site's page has nothing to ride on (CSRF). Looking changes
nothing, for programs that scan mails open every link.
"""

from flask import render_template, request
from werkzeug.wrappers import Response as AnyResponse

from falconbus.platform.design import formats
from falconbus.platform.kit.errors import DomainError, Invalid
from falconbus.platform.web.declarations import PAGE, PUBLIC
from falconbus.platform.web.forms import Form, new_form, read_form
from falconbus.platform.web.operations import operation
from falconbus.platform.web.pages import PageBlueprint
from falconbus.scheduling.appointments.errors import ImpossibleChange
from falconbus.scheduling.assignments.errors import AlreadyAnswered, StaffBusy, UnknownStaff
from falconbus.scheduling.dispatch.schemas import HandOverIn, ReasonIn
from falconbus.scheduling.eligibility.errors import LicenceExpired, OnLeave
from falconbus.scheduling.offer_links import service
from falconbus.scheduling.offer_links.words import NOT_DONE, NOTICES, REFUSALS, WHO, WHY_NOT

bp = PageBlueprint("answers", __name__, url_prefix="/answer", notices=NOTICES, refusals=REFUSALS, opens_by_link=True)

_ABOUT_PEOPLE = (StaffBusy, OnLeave, LicenceExpired, UnknownStaff, Invalid)


@operation(bp.get("/<token>"), who=PUBLIC, gives={200: PAGE}, budget=3)
def show_answer(token: str) -> str:
    """The ride, what holds of it, and what can be answered."""
    return _show(token)


@operation(bp.get("/<token>/<any(accept,reject,'hand-over'):action>"), who=PUBLIC, gives={200: PAGE}, budget=0)
def return_to_answer(token: str, action: str) -> AnyResponse:
    """Where forms are sent to there is nothing to see: back to the page."""
    del action
    return _go(token)


@operation(bp.post("/<token>/accept"), who=PUBLIC, gives={200: PAGE}, budget=16)
def accept(token: str) -> AnyResponse:
    """Take the ride."""
    service.accept(token)
    return _go(token, "accepted")


@operation(bp.post("/<token>/reject"), who=PUBLIC, gives={200: PAGE}, budget=12)
def reject(token: str) -> AnyResponse | tuple[str, int]:
    """Say no, with the `reason`; one that will not do is shown again, to be put right."""
    form = read_form(ReasonIn, {"reason": WHY_NOT})
    if form.content is None:
        return _show(token, rejection=form), form.status
    service.reject(token, form.content.reason)
    return _go(token, "rejected")


@operation(bp.post("/<token>/hand-over"), who=PUBLIC, gives={200: PAGE}, budget=13)
def hand_over(token: str) -> AnyResponse | tuple[str, int]:
    """Ask the colleague whose key is `to` to take it; with nobody chosen the form is shown again."""
    form = read_form(HandOverIn)
    if form.content is None:
        return _show(token, handing_over=form.with_fault(WHO, 422, "to")), 422
    service.hand_over(token, form.content.to)
    return _go(token, "asked")


def show_problem(refusal: DomainError) -> AnyResponse:
    """Nothing was changed: back to the page, which tells why and what holds now."""
    is_about_colleague = request.endpoint == "answers.hand_over" and isinstance(refusal, _ABOUT_PEOPLE)
    problem = "colleague" if is_about_colleague else refusal.code
    return _go((request.view_args or {})["token"], problem if problem in NOTICES else NOT_DONE)


for _kind in (AlreadyAnswered, ImpossibleChange, *_ABOUT_PEOPLE):
    bp.register_error_handler(_kind, show_problem)


def _show(token: str, *, rejection: Form[ReasonIn] | None = None, handing_over: Form[HandOverIn] | None = None) -> str:
    return render_template(
        "answers/answer.html",
        page=service.get_page(token),
        token=token,
        formats=formats,
        rejection=rejection or new_form(ReasonIn),
        handing_over=handing_over or new_form(HandOverIn),
    )


def _go(token: str, notice: str | None = None) -> AnyResponse:
    return bp.see("answers.show_answer", token=token, notice=notice)
