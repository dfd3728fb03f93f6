"""Who could take a ride that somebody thinks of."""

from datetime import datetime, timedelta

from falconbus.scheduling.appointments.errors import EndBeforeStart
from falconbus.scheduling.assignments.models import Part
from falconbus.scheduling.eligibility import assessing
from falconbus.scheduling.eligibility.assessing import Standing
from falconbus.scheduling.staff import queries
from falconbus.scheduling.staff.errors import RideTooLong

_LONGEST_RIDE = timedelta(days=31)


def suggest(part: Part, start: datetime, end: datetime, reference: str | None) -> list[Standing]:
    """Find who is free for a ride, licensed and not on leave, those with most rest first.

    `reference`: the charter that is asked about, which keeps nobody busy itself. EndBeforeStart, RideTooLong,
    AppointmentNotFound.
    """
    if end <= start:
        raise EndBeforeStart(pointer="end")
    if end - start > _LONGEST_RIDE:
        raise RideTooLong(pointer="end")
    besides = queries.get_appointment_id(reference) if reference else None
    return assessing.free(part, start, end, besides=besides)
