"""Reads of a person's duties, working hours and leave, and of their calendar's number."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from falconbus.platform.database.engine import AnyRow, db

# Colleagues have an accepted assignment to the ride, or an offer of their own; not who hands this duty over, nor who
# has an offer to take over from somebody.
_DUTY = """
    SELECT duty.id, duty.staff_id, duty.part, duty.status, duty.starts_at, duty.ends_at, duty.offered_at,
           duty.answered_at, duty.schedule_id, charter.reference, charter.client_name, charter.client_phone,
           charter.note, charter.passengers, route.name AS route_name,
           coalesce(charter.pick_up_text, pick_up.name, origin.name) AS origin,
           coalesce(charter.drop_off_text, drop_off.name, destination.name) AS destination,
           coalesce(charter.time_zone, origin.time_zone) AS time_zone,
           bus.number AS bus_number,
           ARRAY(SELECT person.name
                 FROM assignments AS other JOIN users AS person ON person.id = other.staff_id
                 WHERE (other.appointment_id = duty.appointment_id OR other.schedule_id = duty.schedule_id)
                   AND other.staff_id <> duty.staff_id AND other.id IS DISTINCT FROM duty.replaces_id
                   AND (other.status = 'accepted' OR other.status = 'offered' AND other.replaces_id IS NULL)
                 ORDER BY other.part DESC, person.name) AS colleagues,
           ARRAY(SELECT name FROM appointment_services
                 WHERE appointment_id = duty.appointment_id ORDER BY number) AS services,
           (SELECT max(at) FROM appointment_changes WHERE appointment_id = duty.appointment_id) AS changed_at
    FROM assignments AS duty
    LEFT JOIN appointments AS charter ON charter.id = duty.appointment_id
    LEFT JOIN stops AS pick_up ON pick_up.id = charter.pick_up_stop_id
    LEFT JOIN stops AS drop_off ON drop_off.id = charter.drop_off_stop_id
    LEFT JOIN schedules AS schedule ON schedule.id = duty.schedule_id
    LEFT JOIN routes AS route ON route.id = schedule.route_id
    LEFT JOIN stops AS origin ON origin.id = route.origin_id
    LEFT JOIN stops AS destination ON destination.id = route.destination_id
    LEFT JOIN buses AS bus ON bus.id = coalesce(charter.bus_id, schedule.bus_id)
"""
# A duty that starts after :begin ends after it, too: the condition on ends_at is for the index.
_BETWEEN = text(f"""{_DUTY}
    WHERE duty.staff_id = :staff_id AND duty.status IN ('offered', 'accepted')
      AND duty.starts_at >= :begin AND duty.starts_at < :end AND duty.ends_at > :begin
    ORDER BY duty.starts_at, duty.id
""")
_ONE = text(f"{_DUTY} WHERE duty.id = :assignment_id AND duty.staff_id = :staff_id")
_PERSON = text("""
    SELECT id, name,
           ARRAY(SELECT ARRAY[weekday, begins_minute, ends_minute] FROM working_hours
                 WHERE staff_id = users.id ORDER BY weekday, begins_minute) AS hours,
           ARRAY(SELECT ARRAY[kind::text, first_day::text, last_day::text] FROM leaves
                 WHERE staff_id = users.id AND last_day >= :first AND first_day <= :last ORDER BY id) AS leaves
    FROM users WHERE id = :staff_id AND roles <> '{}'
""")
_CALENDAR_NUMBER = text("""
    SELECT coalesce(profile.calendar_number, 1)
    FROM users LEFT JOIN staff_profiles AS profile ON profile.staff_id = users.id
    WHERE users.id = :staff_id AND users.active AND users.roles <> '{}'
""")
_NEXT_CALENDAR = text("""
    INSERT INTO staff_profiles AS profile (staff_id, calendar_number) VALUES (:staff_id, 2)
    ON CONFLICT (staff_id) DO UPDATE SET calendar_number = profile.calendar_number + 1
    RETURNING calendar_number
""")


def duties_between(staff_id: int, begin: datetime, end: datetime) -> Sequence[AnyRow]:
    """Return somebody's accepted and offered duties that start from `begin` to `end` (exclusive), by time."""
    return _rows(_BETWEEN, {"staff_id": staff_id, "begin": begin, "end": end})


def find_duty(assignment_id: int, staff_id: int) -> AnyRow | None:
    """Return a duty of a person in whatever status, or None."""
    rows = _rows(_ONE, {"assignment_id": assignment_id, "staff_id": staff_id})
    return rows[0] if rows else None


def find_person(staff_id: int, first: date, last: date) -> AnyRow | None:
    """Return a member of the staff with working hours, and leave on these days; None if there is none."""
    rows = _rows(_PERSON, {"staff_id": staff_id, "first": first, "last": last})
    return rows[0] if rows else None


def find_calendar_number(staff_id: int) -> int | None:
    """Return the number of a person's current calendar address; None without an open account on the staff."""
    number: int | None = db.session.scalar(_CALENDAR_NUMBER, {"staff_id": staff_id})
    return number


def next_calendar_number(staff_id: int) -> int:
    """Increment the number of a person's calendar address atomically, and return it."""
    number: int = db.session.execute(_NEXT_CALENDAR, {"staff_id": staff_id}).scalar_one()
    return number


def _rows(statement: Any, values: Mapping[str, object]) -> Sequence[AnyRow]:
    rows: Sequence[AnyRow] = db.session.execute(statement, values).all()
    return rows
