"""What can still be answered, and what a reason may be."""

import re

from falconbus.scheduling.appointments.models import OPEN, AppointmentStatus
from falconbus.scheduling.assignments.models import LIVE, AssignmentStatus
from falconbus.scheduling.offer_links.errors import BadReason

LONGEST_REASON = 1000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def read_reason(given: str) -> str:
    """The reason that a form was sent with; BadReason. Browsers send two characters for a line's end, and count one."""
    reason = given.replace("\r\n", "\n").strip()
    if not reason:
        raise BadReason("Say why, so that your operator knows what to do.")
    if len(reason) > LONGEST_REASON:
        raise BadReason(f"That is too long: {len(reason):,} characters, and there is room for {LONGEST_REASON:,}.")
    if _CONTROL.search(reason):
        raise BadReason("There is a character in it that cannot be shown; type it anew.")
    return reason


def can_accept(status: str, charter_status: str) -> bool:
    return status == AssignmentStatus.OFFERED and charter_status in OPEN


def can_reject(status: str, charter_status: str) -> bool:
    return status in LIVE and charter_status in OPEN - {AppointmentStatus.PENDING}


def can_hand_over(status: str, charter_status: str, *, was_handed_on: bool) -> bool:
    """Not before one has taken what a colleague hands over oneself."""
    return can_reject(status, charter_status) and not (status == AssignmentStatus.OFFERED and was_handed_on)
