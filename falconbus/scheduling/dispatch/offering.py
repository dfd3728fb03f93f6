"""Asking people to take their part in a charter."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from falconbus.platform.kit.settings import get_settings
from falconbus.scheduling.appointments.errors import ImpossibleChange
from falconbus.scheduling.appointments.models import Appointment
from falconbus.scheduling.assignments import service as crews
from falconbus.scheduling.assignments.models import Assignment, Part
from falconbus.scheduling.assignments.service import Ride


def ride_of(appointment: Appointment) -> Ride:
    """A charter as its crew sees it."""
    return Ride(starts_at=appointment.starts_at, ends_at=appointment.ends_at, appointment_id=appointment.id)


def check_ahead(appointment: Appointment, now: datetime) -> None:
    """ImpossibleChange once the start has passed: nobody is asked for what is under way."""
    if appointment.starts_at <= now:
        raise ImpossibleChange("the charter's start has passed")


def offer(
    appointment: Appointment, parts: Mapping[int, Part], *, at: datetime, replaces_id: int | None = None
) -> list[Assignment]:
    """Ask for an answer within ANSWER_MINUTES, before the start at the latest."""
    minutes = get_settings().answer_minutes
    answer_by = min(at + timedelta(minutes=minutes), appointment.starts_at)
    return crews.offer(ride_of(appointment), parts, at=at, answer_by=answer_by, replaces_id=replaces_id)
