"""Addresses of search: open to everybody."""

from flask import Blueprint

from falconbus.inventory import service as inventory
from falconbus.inventory.errors import NotServed
from falconbus.network.errors import StopNotFound
from falconbus.platform.database.pagination import Page, neighbours
from falconbus.platform.kit import clock
from falconbus.platform.kit.schema import pick_fields
from falconbus.platform.web.declarations import PUBLIC
from falconbus.platform.web.operations import operation
from falconbus.search import availability, service
from falconbus.search.cache_groups import AVAILABILITY, SEARCH, STOPS
from falconbus.search.errors import DateInPast, PlaceNotFound, SamePlace
from falconbus.search.schemas import (
    AvailabilityOut,
    AvailabilityQuery,
    DayAvailabilityOut,
    ScheduleDetailOut,
    ScheduleOut,
    SchedulePage,
    ScheduleQuery,
    SeatMapOut,
    SeatMapQuery,
    StopOut,
    StopQuery,
)
from falconbus.timetable.errors import ScheduleNotFound

bp = Blueprint("search", __name__, url_prefix="/api/v1")


@operation(
    bp.get("/stops"),
    who=PUBLIC,
    asks=StopQuery,
    gives={200: Page[StopOut]},
    limit="ratelimit_stops",
    counted=False,
    cached=STOPS,
    budget=1,
)
def list_stops(query: StopQuery) -> Page[StopOut]:
    """Stops whose code, name or city begins with what is typed; accents do not matter; all without `q`."""
    rows, more = service.find_stops(query.q, page=query.page, page_size=query.page_size)
    stops = pick_fields([StopOut.of(row) for row in rows], StopOut, query.fields)
    return Page(stops, *neighbours(query.page, more=more))


@operation(
    bp.get("/schedules"),
    who=PUBLIC,
    asks=ScheduleQuery,
    gives={200: SchedulePage},
    refuses=(PlaceNotFound, DateInPast, SamePlace),
    cached=SEARCH,
    budget=3,
)
def search_schedules(query: ScheduleQuery) -> SchedulePage:
    """Departures between two stops or cities on a day, with room for so many passengers."""
    found = service.find_departures(query.origin, query.destination, query.date, query.passengers)
    departures = found.departures
    start = (query.page - 1) * query.page_size
    page = [ScheduleOut.of(departure) for departure in departures[start : start + query.page_size]]
    results = pick_fields(page, ScheduleOut, query.fields)
    more = len(departures) > start + query.page_size
    return SchedulePage(results, len(departures), *neighbours(query.page, more=more), found.next_date)


@operation(
    bp.get("/availability"),
    who=PUBLIC,
    asks=AvailabilityQuery,
    gives={200: AvailabilityOut},
    refuses=(PlaceNotFound, SamePlace),
    cached=AVAILABILITY,
    budget=2,
)
def show_availability(query: AvailabilityQuery) -> AvailabilityOut:
    """From what price, and with how many seats, each day of a month can be travelled between two stops or cities."""
    month = availability.find_month(query.origin, query.destination, query.month, query.passengers)
    return AvailabilityOut([DayAvailabilityOut.of(day) for day in month])


@operation(
    bp.get("/schedules/<id:schedule_id>"),
    who=PUBLIC,
    gives={200: ScheduleDetailOut},
    refuses=(ScheduleNotFound,),
    budget=1,
)
def show_schedule(schedule_id: int) -> ScheduleDetailOut:
    """One departure with all its stops and times, each in the stop's own zone."""
    return ScheduleDetailOut.of(schedule_id, list(service.get_calls(schedule_id)))


@operation(
    bp.get("/schedules/<id:schedule_id>/seats"),
    who=PUBLIC,
    asks=SeatMapQuery,
    gives={200: SeatMapOut},
    refuses=(ScheduleNotFound, StopNotFound, NotServed),
    budget=1,
)
def show_seats(schedule_id: int, query: SeatMapQuery) -> SeatMapOut:
    """The seat map between two stops of a departure: a seat is free when it is free on every leg between."""
    segment = inventory.get_segment(schedule_id, query.origin, query.destination, clock.now())
    return SeatMapOut.of(segment)
