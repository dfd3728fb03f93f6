"""Rosters over the API, and the calendar behind a secret address."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, request

from falconbus.platform.kit.settings import get_settings
from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web.identity import caller, public, requires
from falconbus.platform.web.operations import accepts, accepts_query, media, returns
from falconbus.scheduling.permissions import OWN_DUTIES
from falconbus.scheduling.rosters import service
from falconbus.scheduling.rosters.calendar_feed import calendar_feed
from falconbus.scheduling.rosters.errors import CalendarNotFound
from falconbus.scheduling.rosters.schemas import CalendarAddress, NewAddress, RosterOut, RosterQuery
from falconbus.scheduling.staff_records.errors import StaffNotFound

bp = Blueprint("rosters", __name__, url_prefix="/api/v1/scheduling/rosters")


def _revalidated(view: Callable[..., Response]) -> Callable[..., Response]:
    """Let the client store the response, and revalidate it on each use (304)."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        response = view(*args, **kwargs)
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return wrapper


@bp.get("/me")
@requires(OWN_DUTIES)
@query_budget(2)
@accepts_query(RosterQuery)
@returns(RosterOut)
def get_own_roster(query: RosterQuery) -> RosterOut:
    """One's own week: working hours, leave, and the duties that are accepted or wait for an answer."""
    return _roster(caller().user_id or 0, query)


@bp.get("/<id:staff_id>")
@requires(OWN_DUTIES)
@query_budget(2)
@accepts_query(RosterQuery)
@returns(RosterOut, 200, StaffNotFound)
def get_roster(staff_id: int, query: RosterQuery) -> RosterOut:
    """Somebody's week, for those who may see the staff."""
    return _roster(staff_id, query)


@bp.get("/me/calendar")
@requires(OWN_DUTIES)
@query_budget(1)
@returns(CalendarAddress)
def get_calendar_url() -> CalendarAddress:
    """The secret address under which a calendar app finds one's duties; it works without signing in."""
    return CalendarAddress(service.calendar_url(caller().user_id or 0))


@bp.post("/me/calendar")
@requires(OWN_DUTIES)
@query_budget(1)
@accepts(NewAddress)
@returns(CalendarAddress)
def change_calendar_url(body: NewAddress) -> CalendarAddress:
    """Another secret address; the old one ends at once. Each call makes one, a repeated call too."""
    del body
    return CalendarAddress(service.change_calendar_url(caller().user_id or 0))


@bp.get("/calendar/<token>.ics")
@public
@query_budget(2)
@_revalidated
@media("text/calendar", CalendarNotFound)
def get_calendar(token: str) -> bytes:
    """One's duties for a calendar app, from a month ago to four months ahead."""
    return calendar_feed(service.calendar_duties(token), get_settings().public_url)


def _roster(staff_id: int, query: RosterQuery) -> RosterOut:
    return RosterOut.of(service.get_roster(staff_id, query.chosen, caller()), request.base_url)
