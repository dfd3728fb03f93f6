"""What a notification asks of its reader."""

from falconbus.platform.kit import clock
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus
from falconbus.scheduling.offer_links import links


def find_answer_url(assignment: Assignment | None, staff_id: int) -> str | None:
    """Where somebody answers an offer of theirs without signing in; None when there is nothing to answer (any more)."""
    if assignment is None or assignment.staff_id != staff_id or assignment.status != AssignmentStatus.OFFERED:
        return None
    expires_at = links.expiry(assignment)
    return links.answer_url(assignment.id, staff_id, expires_at) if expires_at > clock.now() else None
