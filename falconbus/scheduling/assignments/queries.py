"""Reads and locks of assignments and of the staff assigned."""

from collections.abc import Collection, Iterable

from sqlalchemy import select

from falconbus.accounts.models import User
from falconbus.platform.database.engine import db
from falconbus.scheduling.assignments.models import Assignment, CrewRole


def lock_staff(staff_ids: Iterable[int]) -> dict[int, list[str]]:
    """Lock the open accounts among these until the transaction ends; return their roles by key.

    Meanwhile they cannot be closed, nor assigned by other transactions; foreign keys to them (a notification, a token)
    can still be written (FOR NO KEY UPDATE).
    """
    statement = select(User.id, User.roles).where(User.id.in_(sorted(staff_ids)), User.active)
    rows = db.session.execute(statement.order_by(User.id).with_for_update(key_share=True))
    return {row.id: row.roles for row in rows}


def charter_assignments(appointment_id: int) -> list[Assignment]:
    """Return all assignments to a charter, ended ones too, oldest first; the caller holds the charter's lock."""
    statement = select(Assignment).where(Assignment.appointment_id == appointment_id)
    statement = statement.order_by(Assignment.id).execution_options(populate_existing=True)
    return list(db.session.scalars(statement))


def active_staff(staff_ids: Collection[int], role: CrewRole) -> set[int]:
    """Return those of these who have an open account with the role."""
    statement = select(User.id).where(User.id.in_(staff_ids), User.active, User.roles.any_() == role.value)
    return set(db.session.scalars(statement))
