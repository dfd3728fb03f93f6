"""Rides that keep people busy."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from falconbus.accounts.models import User
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus, CrewRole
from falconbus.scheduling.eligibility import assessing
from falconbus.scheduling.eligibility.assessing import Eligibility
from tests.scheduling.charters import add_assignment, add_charter

#: A Saturday.
DAY = date(2026, 11, 28)


def at(hour: int, minute: int = 0, *, days: int = 0) -> datetime:
    """A time of the Saturday (or days after it) in Johannesburg, two hours ahead of UTC, as an instant."""
    midnight = datetime(2026, 11, 28, tzinfo=UTC) - timedelta(hours=2)
    return midnight + timedelta(days=days, hours=hour, minutes=minute)


def on_duty(
    person: User, begins: datetime, ends: datetime, status: AssignmentStatus = AssignmentStatus.ACCEPTED,
    part: CrewRole = CrewRole.DRIVER,
) -> Assignment:  # fmt: skip
    hours = (ends - begins) / timedelta(hours=1)
    return add_assignment(add_charter(starts=begins, hours=hours), person, part, status)


def of(person: User, begins: datetime, ends: datetime, part: CrewRole = CrewRole.DRIVER, **others: Any) -> Eligibility:
    return assessing.assess([person.id], part, begins, ends, **others)[person.id]


def codes(found: Eligibility) -> list[str]:
    return [warning.code for warning in found.warnings]
