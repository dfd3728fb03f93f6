"""Addresses of search: open to everybody."""

from flask import Blueprint

from falconbus.inventory import service as inventory
from falconbus.inventory.errors import NotServed
from falconbus.network.errors import StopNotFound
from falconbus.platform.caching.response_cache import cached
from falconbus.platform.database.pagination import CountedPage, Page, neighbours
from falconbus.platform.kit import clock
from falconbus.platform.kit.schema import pick_fields
from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web.identity import public
from falconbus.platform.web.limits import limited, uncounted
from falconbus.platform.web.operations import accepts_query, returns
from falconbus.search import service
from falconbus.search.cache_groups import SEARCH, STOPS
from falconbus.search.errors import DateInPast, PlaceNotFound, SamePlace
from falconbus.search.schemas import (
    ScheduleDetailOut,
    ScheduleOut,
    ScheduleQuery,
    SeatMapOut,
    SeatMapQuery,
    StopOut,
    StopQuery,
)
from falconbus.timetable.errors import ScheduleNotFound

bp = Blueprint("search", __name__, url_prefix="/api/v1")


@bp.get("/stops")
@public
@uncounted
@limited("ratelimit_stops")
@query_budget(1)
@accepts_query(StopQuery)
@cached(STOPS)
@returns(Page[StopOut])
def list_stops(query: StopQuery) -> Page[StopOut]:
    """Stops whose code, name or city begins with what is typed; accents do not matter; all without `q`."""
    rows, more = service.find_stops(query.q, page=query.page, page_size=query.page_size)
    stops = pick_fields([StopOut.of(row) for row in rows], StopOut, query.fields)
    return Page(stops, *neighbours(query.page, more=more))


@bp.get("/schedules")
@public
@query_budget(2)
@accepts_query(ScheduleQuery)
@cached(SEARCH)
@returns(CountedPage[ScheduleOut], 200, PlaceNotFound, DateInPast, SamePlace)
def search_schedules(query: ScheduleQuery) -> CountedPage[ScheduleOut]:
    """Departures between two stops or cities on a day, with room for so many passengers."""
    departures = service.find_departures(query.origin, query.destination, query.date, query.passengers)
    start = (query.page - 1) * query.page_size
    page = [ScheduleOut.of(departure) for departure in departures[start : start + query.page_size]]
    results = pick_fields(page, ScheduleOut, query.fields)
    return CountedPage(
        results, len(departures), *neighbours(query.page, more=len(departures) > start + query.page_size)
    )


@bp.get("/schedules/<id:schedule_id>")
@public
@query_budget(1)
@returns(ScheduleDetailOut, 200, ScheduleNotFound)
def show_schedule(schedule_id: int) -> ScheduleDetailOut:
    """One departure with all its stops and times, each in the stop's own zone."""
    return ScheduleDetailOut.of(schedule_id, list(service.get_calls(schedule_id)))


@bp.get("/schedules/<id:schedule_id>/seats")
@public
@query_budget(1)
@accepts_query(SeatMapQuery)
@returns(SeatMapOut, 200, ScheduleNotFound, StopNotFound, NotServed)
def show_seats(schedule_id: int, query: SeatMapQuery) -> SeatMapOut:
    """The seat map between two stops of a departure: a seat is free when it is free on every leg between."""
    segment = inventory.get_segment(schedule_id, query.origin, query.destination, clock.now())
    return SeatMapOut.of(segment)
