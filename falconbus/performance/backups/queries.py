"""Reads of who is told, and of what was told and done."""

from datetime import datetime, timedelta

from sqlalchemy import any_, literal, select, text

from falconbus.accounts.models import Role, User
from falconbus.performance.jobs import BACK_UP
from falconbus.platform.database.engine import db
from falconbus.platform.jobs import OutboxRow

_LAST_TOLD = text("SELECT max(created_at) FROM mails WHERE kind = :kind")
_FIRST_RUN = text("SELECT min(slot) FROM periodic_runs")


def admins() -> dict[int, str]:
    """Return the mail addresses of the administrators by their ids."""
    statement = select(User.id, User.email).where(literal(Role.ADMIN.value) == any_(User.roles), User.active)
    return {row.id: row.email for row in db.session.execute(statement)}


def was_told(kind: str, now: datetime, within: timedelta) -> bool:
    """Return whether a mail of that kind was written lately."""
    last: datetime | None = db.session.scalar(_LAST_TOLD, {"kind": kind})
    return last is not None and now - last < within


def is_new(now: datetime, younger_than: timedelta) -> bool:
    """Return whether beat has not been at work for longer than that."""
    first: datetime | None = db.session.scalar(_FIRST_RUN)
    return first is None or now - first < younger_than


def is_requested() -> bool:
    """Return whether a backup is still to be taken."""
    statement = select(OutboxRow.id).where(
        OutboxRow.job == BACK_UP.name, OutboxRow.done_at.is_(None), OutboxRow.failed_at.is_(None)
    )
    return db.session.scalar(statement.limit(1)) is not None
