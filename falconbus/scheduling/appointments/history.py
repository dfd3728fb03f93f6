"""A charter's history: an entry for each change, in its transaction; some are mailed to the client."""

from falconbus.platform import jobs
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.platform.web import pseudonyms
from falconbus.scheduling.appointments.models import Action, Appointment, AppointmentChange, AppointmentStatus
from falconbus.scheduling.jobs import TELL_CLIENT

#: Actions of which the client gets a mail; of ACCEPTED only when the whole crew has.
_CLIENT_ACTIONS = {Action.REQUESTED, Action.CHANGED, Action.CANCELLED}


def record(appointment: Appointment, action: Action, *, by_id: int | None, note: str = "") -> AppointmentChange:
    """Add an entry to a charter's history with the status it has now, so call it after the change."""
    # Only what the staff does is no reason to count the mail that follows.
    client = pseudonyms.present_pseudonym() if by_id is None or by_id == appointment.client_id else None
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
    is_confirmation = action == Action.ACCEPTED and appointment.status == AppointmentStatus.ACCEPTED
    if action in _CLIENT_ACTIONS or is_confirmation:
        jobs.enqueue_all(TELL_CLIENT, [{"change_id": change.id} | ({"client": client} if client else {})])
    return change
