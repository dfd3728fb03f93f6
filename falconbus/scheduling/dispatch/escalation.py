"""Telling the operator, once, that nobody has answered in time."""

from falconbus.platform.kit import clock
from falconbus.scheduling.appointments import history
from falconbus.scheduling.appointments.models import Action
from falconbus.scheduling.dispatch import notices, queries
from falconbus.scheduling.notifications.models import Kind

_AT_ONCE = 200


def escalate() -> int:
    """Tell of offers whose time is up; how many there were. They can still be answered."""
    now = clock.now()
    waiting = queries.lock_unanswered(now, _AT_ONCE)
    for appointment, offers in waiting.items():
        for offer in offers:
            offer.escalated_at = now
        names = ", ".join(notices.names({offer.staff_id for offer in offers}).values())
        history.record(appointment, Action.ESCALATED, by_id=None, note=names)
        told = queries.dispatchers(appointment)
        notices.tell(told, Kind.UNANSWERED, appointment, f"no answer from {names}", assignment_id=offers[0].id)
    return sum(map(len, waiting.values()))
