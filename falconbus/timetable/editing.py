"""Use cases of timetables: create, change, retire."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, insert

from falconbus.accounts import audit
from falconbus.network.errors import UnknownBus, UnknownRoute
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.timetable import policy, queries, service
from falconbus.timetable.change_propagation import Effect, apply_bus, apply_service_days, apply_times
from falconbus.timetable.errors import TimetableNotFound
from falconbus.timetable.models import Calendar, CalendarDate, Timetable
from falconbus.timetable.policy import Minutes, Rule

Changes = Mapping[str, Any]
_DAYS = ("weekdays", "valid_from", "valid_until", "exceptions")
_TIMES = ("departure_minutes", "time_zone", "arrivals", "departures", "boards", "alights")


def create_timetable(
    *,
    route_id: int,
    bus_id: int,
    name: str,
    departure_minutes: int,
    time_zone: str | None,
    rule: Rule,
    minutes: Minutes,
) -> tuple[int, Effect]:
    """Create a timetable and its departures up to the horizon; return its key and how many there are.

    Raises UnknownRoute, UnknownBus, or Invalid with a pointer to each fault. The zone is by default the origin's.
    """
    route = queries.find_route(route_id)
    if route is None:
        raise UnknownRoute(pointer="/route_id")
    check_bus(bus_id)
    policy.check_rule(rule)
    policy.check_minutes(minutes, len(queries.route_codes(route_id)))
    timetable = Timetable(
        route_id=route_id,
        bus_id=bus_id,
        name=name,
        departure_minutes=departure_minutes,
        time_zone=time_zone or route.time_zone,
        calendar_id=_add_calendar(rule).id,
        active=True,
        **_minute_columns(minutes),
    )
    db.session.add(timetable)
    db.session.flush()
    audit.record("create", "timetables", timetable.id, route_id=route_id, bus_id=bus_id, rule=rule)
    return timetable.id, Effect(made=service.make_schedules(timetable_ids=[timetable.id]))


def change_timetable(timetable_id: int, changes: Changes, minutes: Minutes | None = None) -> Effect:
    """Change a timetable and its future departures.

    On days that it loses, departures that were never booked are deleted and booked ones go off sale. Minutes and time
    of day change only while no future departure is booked (TimetableInUse).
    Also raises TimetableNotFound, UnknownBus, ScheduleExists, BusOnCharter, or Invalid with a pointer to each fault.
    """
    timetable = _lock_timetable(timetable_id)
    if minutes is not None:
        policy.check_minutes(minutes, len(timetable.arrivals))
    values = {**changes, **(_minute_columns(minutes) if minutes else {})}
    before = queries.get_rule(timetable)
    after = replace(before, **{name: values.pop(name) for name in _DAYS if name in values})
    policy.check_rule(after)
    times = {name: values.pop(name) for name in _TIMES if name in values}
    effect, old_bus_id = Effect(), timetable.bus_id
    if values.get("bus_id", old_bus_id) != old_bus_id:
        check_bus(values["bus_id"])
    old_rule = before if timetable.active else None
    new_rule = after if values.get("active", timetable.active) else None
    future = queries.lock_future_schedules(timetable.id, clock.now())
    retiring = values.get("active") is False
    remaining = apply_service_days(timetable, future, before=old_rule, after=new_rule, retiring=retiring, effect=effect)
    remaining = apply_times(timetable, remaining, times)
    for name, value in values.items():
        setattr(timetable, name, value)
    if timetable.bus_id != old_bus_id:
        apply_bus(timetable, remaining, old_bus_id, effect)
    if after != before:
        set_rule(timetable, after)
    db.session.flush()
    effect.made = service.make_schedules(timetable_ids=[timetable.id])
    audit.record("change", "timetables", timetable.id, changes=dict(changes), minutes=minutes, effect=effect)
    return effect


def retire_timetable(timetable_id: int) -> Effect:
    """Take a timetable off sale; TimetableNotFound."""
    return change_timetable(timetable_id, {"active": False})


def check_bus(bus_id: int) -> None:
    """Refuse a bus that does not exist or is out of service; UnknownBus."""
    if queries.find_bus(bus_id) is None:
        raise UnknownBus(pointer="/bus_id")


def set_rule(timetable: Timetable, rule: Rule) -> None:
    """Set a timetable's service days; a calendar shared with others is copied first, so that theirs do not change."""
    calendar = db.session.get_one(Calendar, timetable.calendar_id)
    if queries.is_shared(calendar):
        timetable.calendar_id = _add_calendar(rule).id
        return
    calendar.weekdays, calendar.valid_from, calendar.valid_until = rule.weekdays, rule.valid_from, rule.valid_until
    db.session.execute(delete(CalendarDate).where(CalendarDate.calendar_id == calendar.id))
    _add_exceptions(calendar, rule)


def _lock_timetable(timetable_id: int) -> Timetable:
    timetable = queries.find_timetable(timetable_id)
    if timetable is None:
        raise TimetableNotFound
    return timetable


def _add_calendar(rule: Rule) -> Calendar:
    calendar = Calendar(weekdays=rule.weekdays, valid_from=rule.valid_from, valid_until=rule.valid_until)
    db.session.add(calendar)
    db.session.flush()
    _add_exceptions(calendar, rule)
    return calendar


def _add_exceptions(calendar: Calendar, rule: Rule) -> None:
    rows = [{"calendar_id": calendar.id, "day": day, "runs": runs} for day, runs in rule.exceptions.items()]
    if rows:
        db.session.execute(insert(CalendarDate), rows)


def _minute_columns(minutes: Minutes) -> dict[str, list[int] | list[bool]]:
    boards, alights = policy.close_termini(minutes.boards, minutes.alights)
    return {"arrivals": minutes.arrivals, "departures": minutes.departures, "boards": boards, "alights": alights}
