"""Use cases of single departures: an extra coach, another bus, off sale, gone."""

from dataclasses import replace
from datetime import date, timedelta

from falconbus.accounts import audit
from falconbus.network.errors import UnknownBus
from falconbus.network.usage import find_used
from falconbus.platform.database.engine import AnySelect, db
from falconbus.platform.kit import clock
from falconbus.platform.kit.errors import Invalid
from falconbus.timetable import policy, queries
from falconbus.timetable.change_propagation import instants_of, service_day_of
from falconbus.timetable.conflicts import translate_conflicts
from falconbus.timetable.editing import set_rule
from falconbus.timetable.errors import (
    DateInPast,
    ScheduleInUse,
    ScheduleNotFound,
    SeatsDoNotFit,
    TimetableRetired,
    UnknownTimetable,
)
from falconbus.timetable.models import Schedule, Timetable
from falconbus.timetable.turnaround import check_departure

_A_WEEK, _MAX_DAYS = timedelta(days=6), 92


def select_departures_between(route_id: int, first: date | None, last: date | None) -> AnySelect:
    """Select a route's departures on local dates at its origin, both included; RouteNotFound, Invalid."""
    zone = queries.route_zone(route_id)
    first = first or clock.today(zone)
    last = last or first + _A_WEEK
    if not 0 <= (last - first).days < _MAX_DAYS:
        raise Invalid(f"must be from 0 to {_MAX_DAYS - 1} days after from", pointer="to")
    (period_start, _), (_, period_end) = clock.day_bounds(first, zone), clock.day_bounds(last, zone)
    return queries.departures_between(route_id, period_start, period_end, clock.now())


def add_schedule(timetable_id: int, bus_id: int, day: date) -> int:
    """Add a departure, an extra coach or a day outside the rule, and return its key.

    Raises UnknownTimetable, UnknownBus, DateInPast, TimetableRetired, ScheduleExists, BusOnCharter,
    BusOnDeparture, BusTooFar.
    """
    timetable = queries.find_timetable(timetable_id)
    if timetable is None:
        raise UnknownTimetable(pointer="/timetable_id")
    if not timetable.active:
        raise TimetableRetired
    schedule = _new_schedule(timetable, bus_id, day)
    if schedule.departure_time <= clock.now():
        raise DateInPast(pointer="/date")
    _ensure_regular(timetable, bus_id, day)
    check_departure(schedule)
    _insert(schedule)
    audit.record("create", "schedules", schedule.id, timetable_id=timetable_id, bus_id=bus_id, date=day)
    return schedule.id


def change_schedule(schedule_id: int, *, bus_id: int | None = None, active: bool | None = None) -> None:
    """Give a departure another bus, or take it off sale and back; None leaves a field as it is.

    Raises ScheduleNotFound, AlreadyCancelled, UnknownBus, SeatsDoNotFit, ScheduleExists, BusOnCharter, BusOnDeparture,
    BusTooFar.
    """
    schedule = queries.lock_schedule(schedule_id)
    schedule.check_not_cancelled()
    if bus_id is not None and bus_id != schedule.bus_id:
        _change_bus(schedule, bus_id)
    if active is not None:
        schedule.active = active
    audit.record("change", "schedules", schedule.id, bus_id=bus_id, active=active)
    db.session.flush()


def cancel_schedule(schedule_id: int, reason: str) -> Schedule:
    """Cancel a departure and return it, locked against new seat claims; what was sold of it is the caller's.

    Raises ScheduleNotFound, Departed, AlreadyCancelled.
    """
    schedule = queries.lock_schedule(schedule_id)
    schedule.cancel(reason, at=clock.now())
    audit.record("cancel", "schedules", schedule.id, reason=reason)
    db.session.flush()
    return schedule


def check_cancellable(schedule_id: int) -> None:
    """Refuse what `cancel_schedule` would, without a lock; ScheduleNotFound, Departed, AlreadyCancelled."""
    schedule = db.session.get(Schedule, schedule_id)
    if schedule is None:
        raise ScheduleNotFound
    schedule.check_cancellable(clock.now())


def delete_schedule(schedule_id: int) -> None:
    """Delete a departure that was never booked, and keep the timetable from making it again.

    Raises ScheduleNotFound, ScheduleInUse.
    """
    schedule = queries.lock_schedule(schedule_id)
    if find_used(Schedule, [schedule.id]):
        raise ScheduleInUse
    timetable = db.session.get_one(Timetable, schedule.timetable_id)
    audit.record("delete", "schedules", schedule.id, timetable_id=timetable.id, departure_time=schedule.departure_time)
    db.session.delete(schedule)
    db.session.flush()
    if not queries.has_departure(timetable.id, schedule.departure_time):
        _add_exception(timetable, service_day_of(schedule, timetable))


def _change_bus(schedule: Schedule, bus_id: int) -> None:
    bus = queries.find_bus(bus_id)
    if bus is None:
        raise UnknownBus(pointer="/bus_id")
    taken = queries.taken_seats([schedule.id], clock.now())[schedule.id]
    if not policy.seats_fit(taken, queries.seat_classes(schedule.bus_id), queries.seat_classes(bus_id)):
        raise SeatsDoNotFit
    with translate_conflicts():
        schedule.bus_id, schedule.seats = bus_id, bus.capacity
    check_departure(schedule)


def _add_exception(timetable: Timetable, day: date) -> None:
    """Add an exception for a day on which a timetable would run by its rule."""
    rule = queries.get_rule(timetable)
    if rule.runs_on(day):
        set_rule(timetable, replace(rule, exceptions={**rule.exceptions, day: False}))
        db.session.flush()


def _ensure_regular(timetable: Timetable, bus_id: int, day: date) -> None:
    """Make the timetable's own departure before an extra one on a day beyond the horizon.

    The nightly job makes no departure where the timetable has one, and would take the extra coach for it. While its own
    bus is on a charter or out of service, the extra one replaces it.
    """
    if bus_id == timetable.bus_id or not queries.get_rule(timetable).runs_on(day):
        return
    if queries.find_bus(timetable.bus_id) is None:
        return
    regular = _new_schedule(timetable, timetable.bus_id, day)
    if queries.has_departure(timetable.id, regular.departure_time):
        return
    if not queries.charters(timetable.bus_id, regular.departure_time, regular.arrival_time):
        _insert(regular)


def _new_schedule(timetable: Timetable, bus_id: int, day: date) -> Schedule:
    bus = queries.find_bus(bus_id)
    if bus is None:
        raise UnknownBus(pointer="/bus_id")
    departure_time, arrival_time = instants_of(timetable, day)
    return Schedule(
        route_id=timetable.route_id,
        timetable_id=timetable.id,
        bus_id=bus_id,
        departure_time=departure_time,
        arrival_time=arrival_time,
        seats=bus.capacity,
        active=True,
    )


def _insert(schedule: Schedule) -> None:
    with translate_conflicts():
        db.session.add(schedule)
