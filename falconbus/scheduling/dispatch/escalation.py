"""Escalation of offers that were not answered in time."""

from falconbus.platform.kit import clock
from falconbus.scheduling.appointments import history
from falconbus.scheduling.appointments.models import Action
from falconbus.scheduling.dispatch import notices, queries
from falconbus.scheduling.notifications.models import NotificationKind

_BATCH = 200


def escalate() -> int:
    """Notify operators, once, of offers past their deadline, which can still be answered; return how many."""
    now = clock.now()
    overdue = queries.lock_unanswered(now, _BATCH)
    for appointment, offers in overdue.items():
        for offer in offers:
            offer.escalated_at = now
        names = ", ".join(notices.names({offer.staff_id for offer in offers}).values())
        history.record(appointment, Action.ESCALATED, by_id=None, note=names)
        recipients = queries.dispatchers(appointment)
        notices.send(
            recipients, NotificationKind.UNANSWERED, appointment, f"no answer from {names}", assignment_id=offers[0].id
        )
    return sum(map(len, overdue.values()))
