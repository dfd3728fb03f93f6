"""Reading and locking who is on a ride."""

from collections.abc import Collection, Iterable

from sqlalchemy import select

from falconbus.accounts.models import User
from falconbus.platform.database.engine import db
from falconbus.scheduling.assignments.models import Assignment, Part


def lock_people(staff_ids: Iterable[int]) -> dict[int, list[str]]:
    """The roles of those whose accounts are open; they cannot be closed, nor put on rides by others, meanwhile.

    What only refers to them (a notification, a token) goes on.
    """
    people = select(User.id, User.roles).where(User.id.in_(sorted(staff_ids)), User.active)
    rows = db.session.execute(people.order_by(User.id).with_for_update(key_share=True))
    return {row.id: row.roles for row in rows}


def on_charter(appointment_id: int) -> list[Assignment]:
    """Who is, was, or was asked to be on a charter, oldest first; the caller holds the charter's lock."""
    statement = select(Assignment).where(Assignment.appointment_id == appointment_id)
    fresh = statement.order_by(Assignment.id).execution_options(populate_existing=True)
    return list(db.session.scalars(fresh))


def working(staff_ids: Collection[int], part: Part) -> set[int]:
    """Those of them who work in this role."""
    statement = select(User.id).where(User.id.in_(staff_ids), User.active, User.roles.any_() == part.value)
    return set(db.session.scalars(statement))
