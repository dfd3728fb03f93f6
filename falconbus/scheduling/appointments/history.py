"""A charter's history: a line for each change, in its transaction; of some the client is told by mail."""

from falconbus.platform import jobs
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import Action, Appointment, AppointmentChange, AppointmentStatus
from falconbus.scheduling.jobs import TELL_CLIENT

#: What a client is told of; that it is accepted, when all of the crew have.
_CLIENT_IS_TOLD = {Action.REQUESTED, Action.CHANGED, Action.CANCELLED}


def record(appointment: Appointment, action: Action, *, by_id: int | None, note: str = "") -> AppointmentChange:
    """Note what happened to a charter, after it did: the line bears the status that it led to."""
    change = AppointmentChange(
        appointment_id=appointment.id,
        at=clock.now(),
        by_id=by_id,
        action=action,
        status=appointment.status,
        note=note,
    )
    db.session.add(change)
    db.session.flush()
    is_confirmed = action == Action.ACCEPTED and appointment.status == AppointmentStatus.ACCEPTED
    if action in _CLIENT_IS_TOLD or is_confirmed:
        jobs.enqueue(TELL_CLIENT, change_id=change.id)
    return change
