"""Addresses under which one person answers for one assignment until an instant, derived and never stored."""

from datetime import UTC, datetime, timedelta

from falconbus.platform.kit import clock, references
from falconbus.platform.kit.settings import get_settings
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus
from falconbus.scheduling.offer_links.errors import AnswerNotFound, LinkExpired

_PURPOSE = "answer"
_LONGEST = timedelta(days=30)


def expiry(assignment: Assignment) -> datetime:
    """Until when its link holds: the start of the ride, 30 days after the offer at most. Always the same instant."""
    return min(assignment.starts_at, assignment.offered_at + _LONGEST)


def find_answer_url(assignment: Assignment | None, staff_id: int) -> str | None:
    """Where somebody answers an offer of theirs without signing in; None when there is nothing to answer (any more)."""
    if assignment is None or assignment.staff_id != staff_id or assignment.status != AssignmentStatus.OFFERED:
        return None
    expires_at = expiry(assignment)
    return answer_url(assignment.id, staff_id, expires_at) if expires_at > clock.now() else None


def answer_url(assignment_id: int, staff_id: int, expires_at: datetime) -> str:
    """The page on which `staff_id` answers until `expires_at` (to the second): the same arguments, the same address."""
    value = f"{assignment_id}.{staff_id}.{int(expires_at.timestamp())}"
    signature = references.signature(get_settings().secret_key, _PURPOSE, value)
    return f"{get_settings().public_url}/answer/{value}.{signature}"


def read(token: str) -> tuple[int, int]:
    """The assignment and the person that a link is for; AnswerNotFound for what is not ours, LinkExpired."""
    value, _, signature = token.rpartition(".")
    if not (token.isascii() and references.is_signature(signature, get_settings().secret_key, _PURPOSE, value)):
        raise AnswerNotFound
    assignment_id, staff_id, expires = (int(part) for part in value.split("."))
    if datetime.fromtimestamp(expires, UTC) <= clock.now():
        raise LinkExpired
    return assignment_id, staff_id
