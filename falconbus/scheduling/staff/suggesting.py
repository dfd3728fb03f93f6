"""Suggestions of staff for a ride that is being planned."""

from datetime import datetime, timedelta

from falconbus.scheduling.appointments.errors import EndBeforeStart
from falconbus.scheduling.assignments.models import CrewRole
from falconbus.scheduling.assignments.service import UNKNOWN_PLACES
from falconbus.scheduling.eligibility import assessing
from falconbus.scheduling.eligibility.assessing import Eligibility
from falconbus.scheduling.staff import queries
from falconbus.scheduling.staff.errors import RideTooLong

_LONGEST_RIDE = timedelta(days=31)


def suggest(role: CrewRole, start: datetime, end: datetime, reference: str | None) -> list[Eligibility]:
    """Return who is free for a ride, licensed and not on leave, those with most rest first.

    `reference`: the charter to find staff for; assignments to it make nobody busy. EndBeforeStart, RideTooLong,
    AppointmentNotFound.
    """
    if end <= start:
        raise EndBeforeStart(pointer="end")
    if end - start > _LONGEST_RIDE:
        raise RideTooLong(pointer="end")
    appointment_id, places = queries.get_appointment(reference) if reference else (None, UNKNOWN_PLACES)
    return assessing.available_staff(role, start, end, ignored_appointment_id=appointment_id, places=places)
