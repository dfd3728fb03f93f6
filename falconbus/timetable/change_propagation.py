"""Applies a change of a timetable to its future departures. Booked departures stay as they were sold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert

from falconbus.network.usage import find_used
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.timetable import policy, queries
from falconbus.timetable.conflicts import translate_conflicts
from falconbus.timetable.errors import TimetableInUse
from falconbus.timetable.models import Schedule, Timetable
from falconbus.timetable.policy import Rule


@dataclass(slots=True)
class Effect:
    """The numbers of future departures that a change of a timetable made, removed, stopped, resumed or left alone."""

    made: int = 0
    #: Never booked, so deleted.
    removed: int = 0
    #: Booked, so not sold any more, but still there for those who hold tickets.
    stopped: int = 0
    #: On sale again.
    resumed: int = 0
    #: Kept the old bus: taken seats do not exist in the new one, or it has another departure or a charter then.
    kept_bus: int = 0


def apply_service_days(
    timetable: Timetable,
    future: Sequence[Schedule],
    *,
    before: Rule | None,
    after: Rule | None,
    retiring: bool,
    effect: Effect,
) -> list[Schedule]:
    """Take future departures off sale on lost days, put them back on sale on regained days, and return the rest.

    A departure that was never booked is deleted instead. A rule is None while the timetable is retired. Retiring loses
    every day; otherwise a departure added by hand, on a day outside both rules, stays. A cancelled one stays cancelled.
    """
    remaining = []
    booked = find_used(Schedule, [schedule.id for schedule in future])
    removed_ids = []
    for schedule in future:
        if schedule.cancelled_at is not None:
            remaining.append(schedule)
            continue
        day = service_day_of(schedule, timetable)
        was_running, is_running = before is not None and before.runs_on(day), after is not None and after.runs_on(day)
        is_lost = retiring or (was_running and not is_running)
        if is_lost and schedule.id not in booked:
            removed_ids.append(schedule.id)
            continue
        if is_lost and schedule.active:
            schedule.active = False
            effect.stopped += 1
        elif is_running and not was_running and not schedule.active:
            schedule.active = True
            effect.resumed += 1
        remaining.append(schedule)
    db.session.execute(delete(Schedule).where(Schedule.id.in_(removed_ids)))
    effect.removed += len(removed_ids)
    return remaining


def apply_times(timetable: Timetable, future: Sequence[Schedule], times: Mapping[str, Any]) -> list[Schedule]:
    """Move future departures to other times of the day and return them.

    Raises TimetableInUse when one is booked, ScheduleExists, and BusOnCharter when a bus is not free at the new time.
    """
    if all(getattr(timetable, name) == value for name, value in times.items()):
        return list(future)
    ids = [schedule.id for schedule in future]
    if find_used(Schedule, ids):
        raise TimetableInUse
    days = [service_day_of(schedule, timetable) for schedule in future]
    for name, value in times.items():
        setattr(timetable, name, value)
    now = clock.now()
    moved_values = [_moved_values(schedule, timetable, day) for schedule, day in zip(future, days, strict=True)]
    moved_values = [values for values in moved_values if values["departure_time"] > now]
    # Inserted anew: an UPDATE to the old time of the next row would violate the unique constraint on the way.
    db.session.execute(delete(Schedule).where(Schedule.id.in_(ids)))
    if not moved_values:
        return []
    with translate_conflicts():
        return list(db.session.scalars(insert(Schedule).returning(Schedule), moved_values))


def apply_bus(timetable: Timetable, future: Sequence[Schedule], old_bus_id: int, effect: Effect) -> None:
    """Move departures from the old bus to the timetable's new one where every taken seat exists in it.

    Lock the new bus first (queries.find_bus), so that no charter gets it meanwhile.
    """
    if not future:
        return
    now = clock.now()
    taken = queries.taken_seats([schedule.id for schedule in future], now)
    old_classes, new_classes = queries.seat_classes(old_bus_id), queries.seat_classes(timetable.bus_id)
    bus_departures = queries.departure_times(timetable.route_id, timetable.bus_id, now)
    charters = queries.charters(timetable.bus_id, now, max(schedule.arrival_time for schedule in future))
    for schedule in future:
        if schedule.bus_id != old_bus_id or schedule.cancelled_at is not None:
            continue
        is_busy = schedule.departure_time in bus_departures or any(
            charter.starts_at < schedule.arrival_time and charter.ends_at > schedule.departure_time
            for charter in charters
        )
        if is_busy or not policy.seats_fit(taken[schedule.id], old_classes, new_classes):
            effect.kept_bus += 1
            continue
        schedule.bus_id = timetable.bus_id
        schedule.seats = len(new_classes)


def service_day_of(schedule: Schedule, timetable: Timetable) -> date:
    """Return the service day of a departure."""
    return policy.service_day(schedule.departure_time, timetable.departure_minutes, timetable.time_zone)


def instants_of(timetable: Timetable, day: date) -> tuple[datetime, datetime]:
    """Return the instants of departure and arrival on a service day."""
    departure = clock.service_instant(day, timetable.departure_minutes, timetable.time_zone)
    return departure, departure + timedelta(minutes=timetable.arrivals[-1])


def _moved_values(schedule: Schedule, timetable: Timetable, day: date) -> dict[str, Any]:
    departure_time, arrival_time = instants_of(timetable, day)
    return {
        "route_id": schedule.route_id,
        "timetable_id": schedule.timetable_id,
        "bus_id": schedule.bus_id,
        "departure_time": departure_time,
        "arrival_time": arrival_time,
        "seats": schedule.seats,
        "active": schedule.active,
        "cancelled_at": schedule.cancelled_at,
        "cancellation_reason": schedule.cancellation_reason,
    }
