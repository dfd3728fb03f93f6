"""Closing of charters whose time is over, and which nobody has closed."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from falconbus.platform.kit import clock
from falconbus.scheduling.appointments import history
from falconbus.scheduling.appointments.models import OPEN, Action, Appointment, AppointmentStatus
from falconbus.scheduling.assignments import queries as crew_queries
from falconbus.scheduling.assignments import service as crews
from falconbus.scheduling.assignments.models import LIVE, AssignmentStatus
from falconbus.scheduling.dispatch import notices, queries
from falconbus.scheduling.notifications.models import NotificationKind
from falconbus.scheduling.notifications.service import Message, notify, operators

#: How long after its end a charter with a crew waits for its driver or the office to say that it is done.
GRACE = timedelta(hours=24)

_BATCH = 200
_WITH_CREW = frozenset({AppointmentStatus.ACCEPTED, AppointmentStatus.IN_PROGRESS})
_NOBODY_TOOK_IT = "Its time was over, and nobody had taken it."
_NOBODY_SAID_SO = "By itself, a day after its end: nobody had said so."


def close_ended() -> int:
    """Close charters whose time is over, tell the operators once which those are, and return how many.

    Without a crew they end as cancelled, and clients get no mail: the office knows what it has told them. With one they
    are taken as done after GRACE.
    """
    now = clock.now()
    missed = queries.lock_ended(now, OPEN - _WITH_CREW, _BATCH)
    done = queries.lock_ended(now - GRACE, _WITH_CREW, _BATCH)
    for appointment in missed:
        appointment.close(reason=_NOBODY_TOOK_IT)
        _withdraw(appointment, LIVE, now)
        history.record(appointment, Action.CLOSED, by_id=None, note=_NOBODY_TOOK_IT)
    for appointment in done:
        appointment.complete(at=now)
        _withdraw(appointment, {AssignmentStatus.OFFERED}, now)
        history.record(appointment, Action.COMPLETED, by_id=None, note=_NOBODY_SAID_SO)
    _tell_operators(missed, done)
    return len(missed) + len(done)


def _withdraw(appointment: Appointment, statuses: Collection[AssignmentStatus], now: datetime) -> None:
    crew = crew_queries.charter_assignments(appointment.id)
    crews.withdraw([each for each in crew if each.status in statuses], at=now)


def _tell_operators(missed: Sequence[Appointment], done: Sequence[Appointment]) -> None:
    if not missed and not done:
        return
    lines = [
        *(f"{_describe(appointment)}: nobody had taken it; closed as cancelled" for appointment in missed),
        *(f"{_describe(appointment)}: nobody had said that it was done; taken as completed" for appointment in done),
    ]
    count = len(lines)
    title = "A charter was closed by itself" if count == 1 else f"{count} charters were closed by themselves"
    notify(operators(), Message(kind=NotificationKind.CLOSED, title=title, message="\n".join(lines)))


def _describe(appointment: Appointment) -> str:
    return f"Charter {appointment.reference}, {notices.format_time(appointment)}, {appointment.client_name}"
