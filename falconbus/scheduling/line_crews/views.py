"""Crews of line schedules over the API."""

from typing import Any

from flask import Blueprint

from falconbus.platform.database.pagination import Page, numbered_page
from falconbus.platform.web.identity import caller
from falconbus.platform.web.operations import operation
from falconbus.scheduling.assignments.errors import StaffBusy, UnknownStaff
from falconbus.scheduling.eligibility.errors import LicenceExpired, OnLeave, TooFar
from falconbus.scheduling.line_crews import service
from falconbus.scheduling.line_crews.errors import ScheduleLeft
from falconbus.scheduling.line_crews.schemas import LineCrewIn, LineCrewOut, UncrewedOut, UncrewedQuery
from falconbus.scheduling.permissions import DISPATCH, OWN_DUTIES
from falconbus.timetable.errors import AlreadyCancelled, ScheduleNotFound

bp = Blueprint("crews", __name__, url_prefix="/api/v1/scheduling")


@operation(bp.get("/schedules/uncrewed"), who=DISPATCH, asks=UncrewedQuery, gives={200: Page[UncrewedOut]}, budget=1)
def list_uncrewed(query: UncrewedQuery) -> Page[Any]:
    """Departures to come, on sale or sold, that nobody drives yet; a week from today unless asked."""
    return numbered_page(service.uncrewed(query.begin, query.to), query, UncrewedOut, UncrewedOut.of)


@operation(
    bp.get("/schedules/<id:schedule_id>/crew"),
    who=OWN_DUTIES,
    gives={200: LineCrewOut},
    refuses=(ScheduleNotFound,),
    budget=1,
)
def get_crew(schedule_id: int) -> LineCrewOut:
    """Who is on a departure, for those who dispatch and for its crew."""
    return LineCrewOut.of(service.get_crew(schedule_id, caller()))


@operation(
    bp.put("/schedules/<id:schedule_id>/crew"),
    who=DISPATCH,
    takes=LineCrewIn,
    gives={200: LineCrewOut},
    refuses=(
        ScheduleNotFound,
        AlreadyCancelled,
        ScheduleLeft,
        StaffBusy,
        OnLeave,
        LicenceExpired,
        TooFar,
        UnknownStaff,
    ),
    budget=21,
)
def change_crew(schedule_id: int, body: LineCrewIn) -> LineCrewOut:
    """Have exactly these people on a departure. They are on it at once; who joins and who leaves is told.

    What speaks against somebody without forbidding it (driving hours, rest) comes back as `warnings`.
    """
    warnings = service.change_crew(schedule_id, body.crew())
    return LineCrewOut.of(service.get_crew(schedule_id, caller()), warnings)
