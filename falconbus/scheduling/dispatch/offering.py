"""Offers of a charter to staff."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from falconbus.platform.kit.settings import get_settings
from falconbus.scheduling.appointments.models import Appointment
from falconbus.scheduling.assignments import service as crews
from falconbus.scheduling.assignments.models import Assignment, CrewRole
from falconbus.scheduling.assignments.service import Places, Ride


def ride_of(appointment: Appointment) -> Ride:
    """Return a charter as a ride to assign staff to."""
    return Ride(
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        appointment_id=appointment.id,
        places=Places(appointment.pick_up_stop_id, appointment.drop_off_stop_id),
    )


def offer(
    appointment: Appointment, roles: Mapping[int, CrewRole], *, at: datetime, replaces_id: int | None = None
) -> list[Assignment]:
    """Offer a charter to staff, to be answered within ANSWER_MINUTES and before the start."""
    minutes = get_settings().answer_minutes
    answer_by = min(at + timedelta(minutes=minutes), appointment.starts_at)
    return crews.offer(ride_of(appointment), roles, at=at, answer_by=answer_by, replaces_id=replaces_id)
