"""What dispatching locks, and who dispatches."""

from datetime import datetime

from sqlalchemy import select, text

from falconbus.network.models import Bus, SeatLayout
from falconbus.platform.database.engine import AnyRow, db
from falconbus.scheduling.appointments.models import Appointment
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus
from falconbus.scheduling.notifications import service as notifications


def lock_bus(bus_id: int) -> AnyRow | None:
    """`active`, `number` and `capacity` of a bus, locked until the end of the transaction."""
    statement = select(Bus.active, Bus.number, SeatLayout.capacity).join(SeatLayout, SeatLayout.id == Bus.layout_id)
    return db.session.execute(statement.where(Bus.id == bus_id).with_for_update(of=Bus)).one_or_none()


_DISPATCHES = text("SELECT id FROM users WHERE id = :id AND active AND roles && ARRAY['operator','admin']::varchar[]")


def dispatchers(appointment: Appointment) -> list[int]:
    """Whom what happens to a charter is told: the operator who assigned it, while they work here; else all of them."""
    own = db.session.scalars(_DISPATCHES, {"id": appointment.operator_id}).all() if appointment.operator_id else []
    return list(own) or notifications.operators()


def lock_unanswered(now: datetime, limit: int) -> dict[Appointment, list[Assignment]]:
    """Charters whose offers are due and untold, with these offers; charters that somebody works on are left out.

    The charter is locked first, as everywhere: its history refers to it.
    """
    due = (
        (Assignment.status == AssignmentStatus.OFFERED)
        & (Assignment.answer_by <= now)
        & Assignment.escalated_at.is_(None)
    )
    waiting = select(Assignment.appointment_id).where(due).order_by(Assignment.answer_by).limit(limit)
    locked = select(Appointment).where(Appointment.id.in_(waiting)).order_by(Appointment.id)
    fresh = {"populate_existing": True}
    charters = db.session.scalars(locked.with_for_update(skip_locked=True).execution_options(**fresh)).all()
    offers: dict[int | None, list[Assignment]] = {}
    offered = select(Assignment).where(due, Assignment.appointment_id.in_([charter.id for charter in charters]))
    for offer in db.session.scalars(offered.order_by(Assignment.id).execution_options(**fresh)):
        offers.setdefault(offer.appointment_id, []).append(offer)
    return {charter: offers[charter.id] for charter in charters if charter.id in offers}
