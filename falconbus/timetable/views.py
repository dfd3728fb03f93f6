"""Timetables and single departures over the API, for the staff."""

from typing import Any

from flask import Blueprint

from falconbus.network.errors import RouteNotFound
from falconbus.network.permissions import CHANGE_NETWORK, SEE_NETWORK
from falconbus.platform.database.pagination import Page, numbered
from falconbus.platform.kit import clock
from falconbus.platform.kit.schema import pick_fields
from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web.idempotency import idempotent
from falconbus.platform.web.identity import requires
from falconbus.platform.web.operations import accepts, accepts_query, returns
from falconbus.timetable import departures, editing, policy, queries
from falconbus.timetable.errors import (
    BusOnCharter,
    ScheduleExists,
    ScheduleInUse,
    ScheduleNotFound,
    SeatsDoNotFit,
    TimetableInUse,
    TimetableNotFound,
    TimetableRetired,
)
from falconbus.timetable.schemas import (
    DepartureOut,
    DeparturesQuery,
    NewSchedule,
    NewTimetable,
    ScheduleChange,
    TimetableChange,
    TimetableOut,
    TimetableRow,
    TimetablesQuery,
)

bp = Blueprint("timetable", __name__, url_prefix="/api/v1")


@bp.get("/timetables")
@requires(SEE_NETWORK)
@query_budget(1)
@accepts_query(TimetablesQuery)
@returns(Page[TimetableRow])
def list_timetables(query: TimetablesQuery) -> Page[Any]:
    """Timetables by route and time of day; `route` asks for one route's."""
    rows, following, previous = numbered(queries.timetables(query.route), query)
    return Page(pick_fields([TimetableRow.of(row) for row in rows], TimetableRow, query.fields), following, previous)


@bp.get("/timetables/<id:timetable_id>")
@requires(SEE_NETWORK)
@query_budget(4)
@returns(TimetableOut, 200, TimetableNotFound)
def get_timetable(timetable_id: int) -> TimetableOut:
    """A timetable with its days and the minutes at each stop."""
    return TimetableOut.of(queries.get_timetable(timetable_id))


@bp.post("/timetables")
@requires(CHANGE_NETWORK)
@query_budget(16)
@accepts(NewTimetable)
@idempotent
@returns(TimetableOut, 201)
def create_timetable(body: NewTimetable) -> TimetableOut:
    """Make a timetable, and put its departures up to the horizon on sale."""
    timetable_id, effect = editing.create_timetable(
        route_id=body.route_id,
        bus_id=body.bus_id,
        name=body.name,
        departure_minutes=policy.parse_time(body.departure_time),
        time_zone=body.time_zone,
        rule=body.rule(),
        minutes=body.minutes(),
    )
    return TimetableOut.of(queries.get_timetable(timetable_id), effect)


@bp.patch("/timetables/<id:timetable_id>")
@requires(CHANGE_NETWORK)
@query_budget(35)
@accepts(TimetableChange)
@returns(TimetableOut, 200, TimetableNotFound, TimetableInUse, ScheduleExists, BusOnCharter)
def change_timetable(timetable_id: int, body: TimetableChange) -> TimetableOut:
    """Change a timetable and its departures to come.

    Departures on days that it loses are removed when they were never booked, else taken off sale. Times change only
    while nothing to come is booked.
    """
    effect = editing.change_timetable(timetable_id, body.changes(), body.minutes())
    return TimetableOut.of(queries.get_timetable(timetable_id), effect)


@bp.delete("/timetables/<id:timetable_id>")
@requires(CHANGE_NETWORK)
@query_budget(17)
@returns(TimetableOut, 200, TimetableNotFound)
def retire_timetable(timetable_id: int) -> TimetableOut:
    """Retire a timetable: nothing of it is sold any more, what was booked stands."""
    effect = editing.retire_timetable(timetable_id)
    return TimetableOut.of(queries.get_timetable(timetable_id), effect)


@bp.get("/routes/<id:route_id>/schedules")
@requires(SEE_NETWORK)
@query_budget(2)
@accepts_query(DeparturesQuery)
@returns(Page[DepartureOut], 200, RouteNotFound)
def list_departures(route_id: int, query: DeparturesQuery) -> Page[Any]:
    """A route's departures by local date at its origin, with the seats taken; a week from today unless asked."""
    statement = departures.select_departures_between(route_id, query.begin, query.to)
    rows, following, previous = numbered(statement, query)
    return Page(pick_fields([DepartureOut.of(row) for row in rows], DepartureOut, query.fields), following, previous)


@bp.post("/schedules")
@requires(CHANGE_NETWORK)
@query_budget(17)
@accepts(NewSchedule)
@idempotent
@returns(DepartureOut, 201, ScheduleExists, BusOnCharter, TimetableRetired)
def add_schedule(body: NewSchedule) -> DepartureOut:
    """Put a departure on: an extra coach, or a day outside the timetable's rule."""
    schedule_id = departures.add_schedule(body.timetable_id, body.bus_id, body.date)
    return DepartureOut.of(queries.get_departure(schedule_id, clock.now()))


@bp.patch("/schedules/<id:schedule_id>")
@requires(CHANGE_NETWORK)
@query_budget(11)
@accepts(ScheduleChange)
@returns(DepartureOut, 200, ScheduleNotFound, SeatsDoNotFit, ScheduleExists, BusOnCharter)
def change_schedule(schedule_id: int, body: ScheduleChange) -> DepartureOut:
    """Give a departure another bus, or take it off sale and back."""
    departures.change_schedule(schedule_id, **body.changes())
    return DepartureOut.of(queries.get_departure(schedule_id, clock.now()))


@bp.delete("/schedules/<id:schedule_id>")
@requires(CHANGE_NETWORK)
@query_budget(13)
@returns(None, 204, ScheduleNotFound, ScheduleInUse)
def delete_schedule(schedule_id: int) -> None:
    """Remove a departure that was never booked; its timetable does not make it again."""
    departures.delete_schedule(schedule_id)
