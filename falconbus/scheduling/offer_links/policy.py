"""What can still be answered."""

from falconbus.scheduling.appointments.models import OPEN, AppointmentStatus
from falconbus.scheduling.assignments.models import LIVE, AssignmentStatus


def can_accept(status: str, charter_status: str) -> bool:
    return status == AssignmentStatus.OFFERED and charter_status in OPEN


def can_reject(status: str, charter_status: str) -> bool:
    return status in LIVE and charter_status in OPEN - {AppointmentStatus.PENDING}


def can_hand_over(status: str, charter_status: str, *, was_handed_on: bool) -> bool:
    """Not before one has taken what a colleague hands over oneself."""
    return can_reject(status, charter_status) and not (status == AssignmentStatus.OFFERED and was_handed_on)
