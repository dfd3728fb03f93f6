"""What a change of a timetable does to its departures to come. What is booked stays as it was sold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert

from falconbus.network.usage import used
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.timetable import policy, queries
from falconbus.timetable.clashes import no_clash
from falconbus.timetable.errors import TimetableInUse
from falconbus.timetable.models import Schedule, Timetable
from falconbus.timetable.policy import Rule


@dataclass(slots=True)
class Effect:
    """What a change did to the departures to come, in numbers."""

    made: int = 0
    #: Never booked, so deleted.
    removed: int = 0
    #: Booked, so not sold any more, but still there for those who hold tickets.
    stopped: int = 0
    #: On sale again.
    resumed: int = 0
    #: Left with the old bus: their seats do not fit the new one, it leaves at that time anyway, or is on a charter.
    kept_bus: int = 0


def settle_days(
    timetable: Timetable,
    coming: Sequence[Schedule],
    *,
    before: Rule | None,
    after: Rule | None,
    retiring: bool,
    effect: Effect,
) -> list[Schedule]:
    """Take departures on lost days off sale and put those on regained days back; returns those that are left.

    A rule is None while the timetable is retired. Retiring it loses every day; else a departure that was put on by
    hand, on a day outside both rules, stays.
    """
    left = []
    booked = used(Schedule, [schedule.id for schedule in coming])
    gone = []
    for schedule in coming:
        day = day_of(schedule, timetable)
        ran, runs = before is not None and before.runs_on(day), after is not None and after.runs_on(day)
        lost = retiring or (ran and not runs)
        if lost and schedule.id not in booked:
            gone.append(schedule.id)
            continue
        if lost and schedule.active:
            schedule.active = False
            effect.stopped += 1
        elif runs and not ran and not schedule.active:
            schedule.active = True
            effect.resumed += 1
        left.append(schedule)
    db.session.execute(delete(Schedule).where(Schedule.id.in_(gone)))
    effect.removed += len(gone)
    return left


def settle_times(timetable: Timetable, coming: Sequence[Schedule], times: Mapping[str, Any]) -> list[Schedule]:
    """Move the departures to come to other times of the day; TimetableInUse when one is booked, ScheduleExists.

    BusOnCharter when a bus is not free at one's new time.
    """
    if all(getattr(timetable, name) == value for name, value in times.items()):
        return list(coming)
    ids = [schedule.id for schedule in coming]
    if used(Schedule, ids):
        raise TimetableInUse
    days = [day_of(schedule, timetable) for schedule in coming]
    for name, value in times.items():
        setattr(timetable, name, value)
    now = clock.now()
    moved = [_moved(schedule, timetable, day) for schedule, day in zip(coming, days, strict=True)]
    moved = [values for values in moved if values["departure_time"] > now]
    # Made anew, because a row moved onto the old time of the next one would break the unique rule on the way.
    db.session.execute(delete(Schedule).where(Schedule.id.in_(ids)))
    if not moved:
        return []
    with no_clash():
        return list(db.session.scalars(insert(Schedule).returning(Schedule), moved))


def settle_bus(timetable: Timetable, coming: Sequence[Schedule], old_bus_id: int, effect: Effect) -> None:
    """Give departures of the old bus to the timetable's new one, where every taken seat is found again.

    The new bus must be held (queries.find_bus), so that no charter gets it meanwhile.
    """
    if not coming:
        return
    now = clock.now()
    taken = queries.taken_seats([schedule.id for schedule in coming], now)
    here, there = queries.seat_classes(old_bus_id), queries.seat_classes(timetable.bus_id)
    leaving = queries.departure_times(timetable.route_id, timetable.bus_id, now)
    charters = queries.charters(timetable.bus_id, now, max(schedule.arrival_time for schedule in coming))
    for schedule in coming:
        if schedule.bus_id != old_bus_id:
            continue
        is_busy = schedule.departure_time in leaving or any(
            charter.starts_at < schedule.arrival_time and charter.ends_at > schedule.departure_time
            for charter in charters
        )
        if is_busy or not policy.seats_fit(taken[schedule.id], here, there):
            effect.kept_bus += 1
            continue
        schedule.bus_id = timetable.bus_id
        schedule.seats = len(there)


def day_of(schedule: Schedule, timetable: Timetable) -> date:
    """The service day of a departure."""
    return policy.service_day(schedule.departure_time, timetable.departure_minutes, timetable.time_zone)


def times_of(timetable: Timetable, day: date) -> tuple[datetime, datetime]:
    """The instants of departure and arrival on a service day."""
    departure = clock.service_instant(day, timetable.departure_minutes, timetable.time_zone)
    return departure, departure + timedelta(minutes=timetable.arrivals[-1])


def _moved(schedule: Schedule, timetable: Timetable, day: date) -> dict[str, Any]:
    departure_time, arrival_time = times_of(timetable, day)
    return {
        "route_id": schedule.route_id,
        "timetable_id": schedule.timetable_id,
        "bus_id": schedule.bus_id,
        "departure_time": departure_time,
        "arrival_time": arrival_time,
        "seats": schedule.seats,
        "active": schedule.active,
    }
