"""Timetables and single departures over the API, for the staff."""

from typing import Any

from flask import Blueprint

from falconbus.network.errors import RouteNotFound, UnknownBus, UnknownRoute
from falconbus.network.permissions import CHANGE_NETWORK, SEE_NETWORK
from falconbus.platform.database.pagination import Page, numbered_page
from falconbus.platform.kit import clock
from falconbus.platform.web.operations import operation
from falconbus.timetable import departures, editing, policy, queries
from falconbus.timetable.errors import (
    AlreadyCancelled,
    BusOnCharter,
    BusOnDeparture,
    BusTooFar,
    DateInPast,
    ScheduleExists,
    ScheduleInUse,
    ScheduleNotFound,
    SeatsDoNotFit,
    TimetableInUse,
    TimetableNotFound,
    TimetableRetired,
    UnknownTimetable,
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


@operation(bp.get("/timetables"), who=SEE_NETWORK, asks=TimetablesQuery, gives={200: Page[TimetableRow]}, budget=1)
def list_timetables(query: TimetablesQuery) -> Page[Any]:
    """Timetables by route and time of day; `route` asks for one route's."""
    return numbered_page(queries.timetables(query.route), query, TimetableRow, TimetableRow.of)


@operation(
    bp.get("/timetables/<id:timetable_id>"),
    who=SEE_NETWORK,
    gives={200: TimetableOut},
    refuses=(TimetableNotFound,),
    budget=4,
)
def get_timetable(timetable_id: int) -> TimetableOut:
    """A timetable with its days and the minutes at each stop."""
    return TimetableOut.of(queries.get_timetable(timetable_id))


@operation(
    bp.post("/timetables"),
    who=CHANGE_NETWORK,
    takes=NewTimetable,
    gives={201: TimetableOut},
    refuses=(
        UnknownBus,
        UnknownRoute,
    ),
    idempotent=True,
    budget=16,
)
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


@operation(
    bp.patch("/timetables/<id:timetable_id>"),
    who=CHANGE_NETWORK,
    takes=TimetableChange,
    gives={200: TimetableOut},
    refuses=(
        TimetableNotFound,
        TimetableInUse,
        ScheduleExists,
        BusOnCharter,
        UnknownBus,
    ),
    budget=35,
)
def change_timetable(timetable_id: int, body: TimetableChange) -> TimetableOut:
    """Change a timetable and its departures to come.

    Departures on days that it loses are removed when they were never booked, else taken off sale. Times change only
    while nothing to come is booked.
    """
    effect = editing.change_timetable(timetable_id, body.changes(), body.minutes())
    return TimetableOut.of(queries.get_timetable(timetable_id), effect)


@operation(
    bp.delete("/timetables/<id:timetable_id>"),
    who=CHANGE_NETWORK,
    gives={200: TimetableOut},
    refuses=(TimetableNotFound,),
    budget=17,
)
def retire_timetable(timetable_id: int) -> TimetableOut:
    """Retire a timetable: nothing of it is sold any more, what was booked stands."""
    effect = editing.retire_timetable(timetable_id)
    return TimetableOut.of(queries.get_timetable(timetable_id), effect)


@operation(
    bp.get("/routes/<id:route_id>/schedules"),
    who=SEE_NETWORK,
    asks=DeparturesQuery,
    gives={200: Page[DepartureOut]},
    refuses=(RouteNotFound,),
    budget=2,
)
def list_departures(route_id: int, query: DeparturesQuery) -> Page[Any]:
    """A route's departures by local date at its origin, with the seats taken; a week from today unless asked."""
    statement = departures.select_departures_between(route_id, query.begin, query.to)
    return numbered_page(statement, query, DepartureOut, DepartureOut.of)


@operation(
    bp.post("/schedules"),
    who=CHANGE_NETWORK,
    takes=NewSchedule,
    gives={201: DepartureOut},
    refuses=(
        ScheduleExists,
        BusOnCharter,
        BusOnDeparture,
        BusTooFar,
        TimetableRetired,
        UnknownBus,
        UnknownTimetable,
        DateInPast,
    ),
    idempotent=True,
    budget=21,
)
def add_schedule(body: NewSchedule) -> DepartureOut:
    """Put a departure on: an extra coach, or a day outside the timetable's rule."""
    schedule_id = departures.add_schedule(body.timetable_id, body.bus_id, body.date)
    return DepartureOut.of(queries.get_departure(schedule_id, clock.now()))


@operation(
    bp.patch("/schedules/<id:schedule_id>"),
    who=CHANGE_NETWORK,
    takes=ScheduleChange,
    gives={200: DepartureOut},
    refuses=(
        ScheduleNotFound,
        AlreadyCancelled,
        SeatsDoNotFit,
        ScheduleExists,
        BusOnCharter,
        BusOnDeparture,
        BusTooFar,
        UnknownBus,
    ),
    budget=14,
)
def change_schedule(schedule_id: int, body: ScheduleChange) -> DepartureOut:
    """Give a departure another bus, or take it off sale and back."""
    departures.change_schedule(schedule_id, **body.changes())
    return DepartureOut.of(queries.get_departure(schedule_id, clock.now()))


@operation(
    bp.delete("/schedules/<id:schedule_id>"),
    who=CHANGE_NETWORK,
    gives={204: None},
    refuses=(ScheduleNotFound, ScheduleInUse),
    budget=13,
)
def delete_schedule(schedule_id: int) -> None:
    """Remove a departure that was never booked; its timetable does not make it again."""
    departures.delete_schedule(schedule_id)
