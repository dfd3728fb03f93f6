"""Rosters over the API, and the calendar behind a secret address."""

from flask import Blueprint

from falconbus.platform.kit.settings import current_address, get_settings
from falconbus.platform.web.declarations import PUBLIC, Media
from falconbus.platform.web.identity import caller
from falconbus.platform.web.operations import operation
from falconbus.scheduling.permissions import OWN_DUTIES
from falconbus.scheduling.rosters import service
from falconbus.scheduling.rosters.calendar_feed import calendar_feed
from falconbus.scheduling.rosters.errors import CalendarNotFound
from falconbus.scheduling.rosters.schemas import CalendarAddress, NewAddress, RosterOut, RosterQuery
from falconbus.scheduling.staff_records.errors import StaffNotFound

bp = Blueprint("rosters", __name__, url_prefix="/api/v1/scheduling/rosters")


#: The reader's app may keep the answer, and asks whether it still holds (304).
_CALENDAR = Media("text/calendar", {"Cache-Control": "private, no-cache", "X-Robots-Tag": "noindex"})


@operation(bp.get("/me"), who=OWN_DUTIES, asks=RosterQuery, gives={200: RosterOut}, budget=2)
def get_own_roster(query: RosterQuery) -> RosterOut:
    """One's own week: working hours, leave, and the duties that are accepted or wait for an answer."""
    return _roster(caller().user_id or 0, query)


@operation(
    bp.get("/<id:staff_id>"),
    who=OWN_DUTIES,
    asks=RosterQuery,
    gives={200: RosterOut},
    refuses=(StaffNotFound,),
    budget=2,
)
def get_roster(staff_id: int, query: RosterQuery) -> RosterOut:
    """Somebody's week, for those who may see the staff."""
    return _roster(staff_id, query)


@operation(bp.get("/me/calendar"), who=OWN_DUTIES, gives={200: CalendarAddress}, budget=1)
def get_calendar_url() -> CalendarAddress:
    """The secret address under which a calendar app finds one's duties; it works without signing in."""
    return CalendarAddress(service.calendar_url(caller().user_id or 0))


@operation(bp.post("/me/calendar"), who=OWN_DUTIES, takes=NewAddress, gives={200: CalendarAddress}, budget=1)
def change_calendar_url(body: NewAddress) -> CalendarAddress:
    """Another secret address; the old one ends at once. Each call makes one, a repeated call too."""
    del body
    return CalendarAddress(service.change_calendar_url(caller().user_id or 0))


@operation(
    bp.get("/calendar/<token>.ics"),
    who=PUBLIC,
    gives={200: _CALENDAR},
    refuses=(CalendarNotFound,),
    budget=2,
)
def get_calendar(token: str) -> bytes:
    """One's duties for a calendar app, from a month ago to four months ahead."""
    return calendar_feed(service.calendar_duties(token), get_settings().public_url)


def _roster(staff_id: int, query: RosterQuery) -> RosterOut:
    return RosterOut.of(service.get_roster(staff_id, query.chosen, caller()), current_address())
