"""Locks of dispatching, and the recipients of its notices."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select, text

from falconbus.network.models import Bus, SeatLayout
from falconbus.platform.database.engine import AnyRow, db
from falconbus.scheduling.appointments.models import Appointment, AppointmentStatus
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus
from falconbus.scheduling.notifications import service as notifications


def lock_bus(bus_id: int) -> AnyRow | None:
    """Lock a bus until the end of the transaction, and return its `active`, `number` and `capacity`."""
    statement = select(Bus.active, Bus.number, SeatLayout.capacity).join(SeatLayout, SeatLayout.id == Bus.layout_id)
    return db.session.execute(statement.where(Bus.id == bus_id).with_for_update(of=Bus)).one_or_none()


_OPERATOR = text("SELECT id FROM users WHERE id = :id AND active AND roles && ARRAY['operator','admin']::varchar[]")


def dispatchers(appointment: Appointment) -> list[int]:
    """Return who is notified of a charter's events: the operator who assigned it while active, else all operators."""
    active = db.session.scalars(_OPERATOR, {"id": appointment.operator_id}).all() if appointment.operator_id else []
    return list(active) or notifications.operators()


def lock_ended(now: datetime, statuses: Collection[AppointmentStatus], limit: int) -> Sequence[Appointment]:
    """Lock charters in these states whose time is over; those locked by other transactions are skipped."""
    over = select(Appointment).where(Appointment.status.in_(sorted(statuses)), Appointment.ends_at <= now)
    locked = over.order_by(Appointment.id).limit(limit).with_for_update(skip_locked=True)
    return db.session.scalars(locked.execution_options(populate_existing=True)).all()


def lock_unanswered(now: datetime, limit: int) -> dict[Appointment, list[Assignment]]:
    """Lock charters with overdue offers that were not escalated, and return these offers by charter.

    Charters locked by other transactions are skipped. The charter is locked before its assignments, as everywhere.
    """
    due = (
        (Assignment.status == AssignmentStatus.OFFERED)
        & (Assignment.answer_by <= now)
        & Assignment.escalated_at.is_(None)
    )
    overdue_ids = select(Assignment.appointment_id).where(due).order_by(Assignment.answer_by).limit(limit)
    locked = select(Appointment).where(Appointment.id.in_(overdue_ids)).order_by(Appointment.id)
    options = {"populate_existing": True}
    charters = db.session.scalars(locked.with_for_update(skip_locked=True).execution_options(**options)).all()
    offers: dict[int | None, list[Assignment]] = {}
    offered = select(Assignment).where(due, Assignment.appointment_id.in_([charter.id for charter in charters]))
    for offer in db.session.scalars(offered.order_by(Assignment.id).execution_options(**options)):
        offers.setdefault(offer.appointment_id, []).append(offer)
    return {charter: offers[charter.id] for charter in charters if charter.id in offers}
