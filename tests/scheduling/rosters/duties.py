"""Duties on line schedules, for tests: made as rows, past the API."""

from datetime import date, datetime, timedelta
from typing import Any

from falconbus.accounts.models import User
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus, CrewRole
from falconbus.timetable.models import Schedule
from tests.world import ZONE


def roster(schedule: Schedule, person: User, part: CrewRole = CrewRole.DRIVER) -> Assignment:
    """Somebody who is on a departure."""
    now = clock.now()
    values: dict[str, Any] = {"schedule_id": schedule.id, "staff_id": person.id, "part": part}
    assignment = Assignment(**values, status=AssignmentStatus.ACCEPTED, offered_at=now, answered_at=now)
    assignment.starts_at, assignment.ends_at = schedule.departure_time, schedule.arrival_time
    db.session.add(assignment)
    db.session.commit()
    return assignment


def monday(weeks: int = 1) -> date:
    """The Monday of a week to come."""
    today = clock.today(ZONE)
    return today - timedelta(days=today.weekday()) + timedelta(weeks=weeks)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A time of a day in the office."""
    return clock.service_instant(day, hour * 60 + minute, ZONE)


def week_of(day: date) -> str:
    year, number, _ = day.isocalendar()
    return f"{year}-W{number:02}"
