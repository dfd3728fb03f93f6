"""What must hold of every charter, whatever was called in whatever order: its status says how its crew stands."""

from collections import Counter

from sqlalchemy import select

from falconbus.platform.database.engine import db
from falconbus.scheduling.appointments.models import Appointment, AppointmentChange, AppointmentStatus
from falconbus.scheduling.assignments.models import LIVE, Assignment, AssignmentStatus, CrewRole


def check_consistent(charter_id: int) -> str:
    """Assert it of one charter as this transaction sees it; its status."""
    fresh = {"populate_existing": True}
    charter = db.session.get_one(Appointment, charter_id, execution_options=fresh)
    crew = db.session.scalars(
        select(Assignment).where(Assignment.appointment_id == charter_id), execution_options=fresh
    )
    live = {each.id: each for each in crew if each.status in LIVE}
    own = [each for each in live.values() if each.status == AssignmentStatus.ACCEPTED or each.replaces_id is None]
    waiting = [each for each in own if each.status == AssignmentStatus.OFFERED]
    drivers = [each for each in live.values() if each.part == CrewRole.DRIVER]
    driven = [each for each in drivers if each.status == AssignmentStatus.ACCEPTED]
    assert len(driven) <= 1
    match charter.status:
        case AppointmentStatus.ACCEPTED:
            assert driven
            assert not waiting
        case AppointmentStatus.ASSIGNED:
            assert [each for each in own if each.part == CrewRole.DRIVER]
            assert waiting
        case AppointmentStatus.IN_PROGRESS | AppointmentStatus.COMPLETED:
            assert driven
            assert all(each.status == AssignmentStatus.ACCEPTED for each in live.values())
        case AppointmentStatus.PENDING | AppointmentStatus.CANCELLED:
            assert not live
        case _:
            assert charter.rejected_by_id is not None
    _check_questions(live)
    last = select(AppointmentChange.status).where(AppointmentChange.appointment_id == charter_id)
    last_status = db.session.scalar(last.order_by(AppointmentChange.id.desc()).limit(1))
    assert last_status in {None, charter.status}
    return charter.status


def _check_questions(live: dict[int, Assignment]) -> None:
    """Who is asked to take over is asked by one who is on it, in their part, and nobody else is."""
    asked = [each for each in live.values() if each.status == AssignmentStatus.OFFERED and each.replaces_id]
    for each in asked:
        by = live[each.replaces_id or 0]
        assert (by.part, by.staff_id != each.staff_id) == (each.part, True)
    assert not [count for count in Counter(each.replaces_id for each in asked).values() if count > 1]
