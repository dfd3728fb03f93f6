"""Reads of timetables and schedules."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import InstrumentedAttribute

from falconbus.network.errors import RouteNotFound
from falconbus.network.models import Bus, Route, RouteStop, Seat, SeatLayout, Stop
from falconbus.platform.database.engine import AnyRow, AnySelect, db
from falconbus.timetable import occupancy
from falconbus.timetable.errors import ScheduleNotFound, TimetableNotFound
from falconbus.timetable.models import Calendar, CalendarDate, Schedule, Timetable
from falconbus.timetable.policy import Rule


@dataclass(frozen=True)
class TimetableDetail:
    """A timetable with its service days and the codes of its route's stops."""

    timetable: Timetable
    bus_number: str
    rule: Rule
    codes: Sequence[str]


def time_zones() -> Sequence[str]:
    """Return the time zones of active timetables."""
    return db.session.scalars(select(Timetable.time_zone).where(Timetable.active).distinct()).all()


def timetables(route_id: int | None) -> AnySelect:
    """Select timetables by route and time of day, of one route or of all."""
    statement = (
        select(
            Timetable.id,
            Timetable.route_id,
            Bus.number.label("bus_number"),
            Timetable.departure_minutes,
            Calendar.weekdays,
            Calendar.valid_from,
            Calendar.valid_until,
            Timetable.active,
        )
        .join(Bus, Bus.id == Timetable.bus_id)
        .join(Calendar, Calendar.id == Timetable.calendar_id)
        .order_by(Timetable.route_id, Timetable.departure_minutes, Timetable.id)
    )
    return statement if route_id is None else statement.where(Timetable.route_id == route_id)


def get_timetable(timetable_id: int) -> TimetableDetail:
    """Return a timetable with its service days and stops; TimetableNotFound."""
    statement = select(Timetable, Bus.number).join(Bus, Bus.id == Timetable.bus_id)
    row = db.session.execute(statement.where(Timetable.id == timetable_id)).one_or_none()
    if row is None:
        raise TimetableNotFound
    timetable, bus_number = row
    return TimetableDetail(timetable, bus_number, get_rule(timetable), route_codes(timetable.route_id))


def get_rule(timetable: Timetable) -> Rule:
    """Return the service days of a timetable."""
    calendar = db.session.get_one(Calendar, timetable.calendar_id)
    dates = db.session.execute(
        select(CalendarDate.day, CalendarDate.runs)
        .where(CalendarDate.calendar_id == calendar.id)
        .order_by(CalendarDate.day)
    )
    exceptions = {row.day: row.runs for row in dates}
    return Rule(calendar.weekdays, calendar.valid_from, calendar.valid_until, exceptions)


def route_codes(route_id: int) -> Sequence[str]:
    """Return the codes of a route's stops, in order."""
    statement = select(Stop.code).join(RouteStop, RouteStop.stop_id == Stop.id).where(RouteStop.route_id == route_id)
    return db.session.scalars(statement.order_by(RouteStop.position)).all()


def is_shared(calendar: Calendar) -> bool:
    """Tell whether a feed or a second timetable uses this calendar."""
    users = select(func.count()).select_from(Timetable).where(Timetable.calendar_id == calendar.id)
    return calendar.feed_key is not None or db.session.scalars(users).one() > 1


def find_route(route_id: int) -> Row[int, str] | None:
    """Return a route's key and its origin's time zone, or None; locked against a change of its stops."""
    statement = select(Route.id, Stop.time_zone).join(Stop, Stop.id == Route.origin_id).where(Route.id == route_id)
    return db.session.execute(statement.with_for_update(read=True, key_share=True, of=Route)).one_or_none()


def find_bus(bus_id: int) -> Row[int, int, int] | None:
    """Return a bus in service with its layout and capacity, or None; locked against a change of its seats."""
    statement = (
        select(Bus.id, Bus.layout_id, SeatLayout.capacity)
        .join(SeatLayout, SeatLayout.id == Bus.layout_id)
        .where(Bus.id == bus_id, Bus.active)
    )
    return db.session.execute(statement.with_for_update(read=True, key_share=True, of=Bus)).one_or_none()


def find_timetable(timetable_id: int) -> Timetable | None:
    """Return a timetable locked for an update, or None."""
    return db.session.scalar(select(Timetable).where(Timetable.id == timetable_id).with_for_update())


def lock_schedule(schedule_id: int) -> Schedule:
    """Return a schedule as it is now, locked for an update, which keeps new seat claims out; ScheduleNotFound."""
    statement = select(Schedule).where(Schedule.id == schedule_id).with_for_update()
    schedule = db.session.scalar(statement.execution_options(populate_existing=True))
    if schedule is None:
        raise ScheduleNotFound
    return schedule


def lock_future_schedules(timetable_id: int, now: datetime) -> Sequence[Schedule]:
    """Return a timetable's future departures, locked in the order that all transactions use."""
    statement = select(Schedule).where(Schedule.timetable_id == timetable_id, Schedule.departure_time > now)
    return db.session.scalars(statement.order_by(Schedule.id).with_for_update()).all()


def has_departure(timetable_id: int, departure_time: datetime) -> bool:
    """Tell whether a timetable has a departure at an instant, by any bus."""
    statement = select(Schedule.id).where(
        Schedule.timetable_id == timetable_id, Schedule.departure_time == departure_time
    )
    return db.session.scalars(statement.limit(1)).one_or_none() is not None


def departure_times(route_id: int, bus_id: int, now: datetime) -> set[datetime]:
    """Return the instants at which a bus is due to leave on a route from now on."""
    statement = select(Schedule.departure_time).where(
        Schedule.route_id == route_id, Schedule.bus_id == bus_id, Schedule.departure_time > now
    )
    return set(db.session.scalars(statement))


def charters(bus_id: int, begin: datetime, end: datetime) -> Sequence[AnyRow]:
    """Return the charters of a bus between two instants: `starts_at` and `ends_at`."""
    statement = text(f"""
        SELECT starts_at, ends_at FROM ({occupancy.bus_times()}) AS charter
        WHERE bus_time && owner_time(CAST(:bus_id AS int), :begin, :end) AND starts_at < :end AND ends_at > :begin
    """)  # noqa: S608
    return db.session.execute(statement, {"bus_id": bus_id, "begin": begin, "end": end}).all()


def taken_seats(schedule_ids: Collection[int], now: datetime) -> Mapping[int, set[str]]:
    """Return the seats of each schedule that are sold, or held at an instant, on any leg."""
    seats = occupancy.seats().taken(now)
    statement = seats.where(seats.selected_columns.schedule_id.in_(schedule_ids)).distinct()
    taken: dict[int, set[str]] = {schedule_id: set() for schedule_id in schedule_ids}
    for row in db.session.execute(statement):
        taken[row.schedule_id].add(row.seat_number)
    return taken


def seat_classes(bus_id: int) -> dict[str, int]:
    """Return the fare class of each seat of a bus, by seat number."""
    statement = select(Seat.number, Seat.fare_class_id).join(Bus, Bus.layout_id == Seat.layout_id)
    return {row.number: row.fare_class_id for row in db.session.execute(statement.where(Bus.id == bus_id))}


def route_zone(route_id: int) -> str:
    """Return the time zone of a route's origin; RouteNotFound."""
    statement = select(Stop.time_zone).join(Route, Route.origin_id == Stop.id).where(Route.id == route_id)
    zone = db.session.scalars(statement).one_or_none()
    if zone is None:
        raise RouteNotFound
    return zone


def departures(now: datetime) -> AnySelect:
    """Select schedules by time, with the number of seats taken on any leg and the zone of their origin."""
    seats = occupancy.seats().taken(now)
    schedule_id, seat_number = seats.selected_columns
    taken = seats.with_only_columns(func.count(seat_number.distinct())).where(schedule_id == Schedule.id)
    return (
        select(
            Schedule.id,
            Schedule.timetable_id,
            Schedule.departure_time,
            Schedule.arrival_time,
            Stop.time_zone,
            Bus.number.label("bus_number"),
            Schedule.seats,
            taken.scalar_subquery().label("taken"),
            Schedule.active,
            Schedule.cancelled_at,
            Schedule.cancellation_reason,
        )
        .join(Bus, Bus.id == Schedule.bus_id)
        .join(Route, Route.id == Schedule.route_id)
        .join(Stop, Stop.id == Route.origin_id)
        .order_by(Schedule.departure_time, Schedule.id)
    )


def departures_between(route_id: int, begin: datetime, end: datetime, now: datetime) -> AnySelect:
    """Select the departures of a route from `begin` up to, not including, `end`."""
    at: InstrumentedAttribute[datetime] = Schedule.departure_time
    return departures(now).where(Schedule.route_id == route_id, at >= begin, at < end)


def get_departure(schedule_id: int, now: datetime) -> AnyRow:
    """Return one row of `departures`; ScheduleNotFound."""
    row: AnyRow | None = db.session.execute(departures(now).where(Schedule.id == schedule_id)).one_or_none()
    if row is None:
        raise ScheduleNotFound
    return row
