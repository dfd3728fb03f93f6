"""Telling members of the staff what happened, in the transaction in which it happens."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import text

from falconbus.platform import jobs
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.scheduling.jobs import MAIL_NOTIFICATION
from falconbus.scheduling.notifications import counting
from falconbus.scheduling.notifications.models import Kind


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is told: a line, the whole of it, and what it is about. `assignment_id`: the offer, or the rejection."""

    kind: Kind
    title: str
    message: str
    appointment_id: int | None = None
    assignment_id: int | None = None
    schedule_id: int | None = None


_INSERT = text("""
    WITH told AS (
        INSERT INTO notifications
            (staff_id, kind, title, message, appointment_id, assignment_id, schedule_id, created_at)
        SELECT id, :kind, :title, :message, :appointment_id, who.assignment_id, :schedule_id, :now
        FROM unnest(CAST(:staff_ids AS integer[]), CAST(:assignment_ids AS bigint[])) AS who (id, assignment_id)
        JOIN users USING (id) WHERE active ORDER BY id
        RETURNING id, staff_id
    ), unread AS (
        INSERT INTO unread_notifications (notification_id, staff_id) SELECT id, staff_id FROM told
    )
    SELECT told.id, told.staff_id, coalesce(profile.wants_mail, true) AS wants_mail
    FROM told LEFT JOIN staff_profiles AS profile USING (staff_id) ORDER BY told.id
""")
_OPERATORS = text("""
    SELECT id FROM users
    WHERE active AND roles && (CASE WHEN EXISTS (SELECT FROM users WHERE active AND 'operator' = ANY (roles))
                               THEN ARRAY['operator'] ELSE ARRAY['admin'] END)::varchar[]
    ORDER BY id
""")


def notify(staff_ids: Collection[int], told: Message, own: Mapping[int, int] | None = None) -> None:
    """A notification for each, if this transaction commits; by mail, too, for those who want that.

    `own` are assignments by person, for those whose message is about one of their own.
    """
    people = sorted(set(staff_ids))
    values = {
        "staff_ids": people,
        "assignment_ids": [(own or {}).get(person, told.assignment_id) for person in people],
        "kind": told.kind.value,
        "title": told.title[:200],
        "message": told.message,
        "appointment_id": told.appointment_id,
        "schedule_id": told.schedule_id,
        "now": clock.now(),
    }
    told_of = db.session.execute(_INSERT, values).all()
    counting.note_change([row.staff_id for row in told_of])
    jobs.enqueue_all(MAIL_NOTIFICATION, [{"notification_id": row.id} for row in told_of if row.wants_mail])


def operators() -> list[int]:
    """Whom what concerns no one operator is told: all of them, or the admins where there is none."""
    return list(db.session.scalars(_OPERATORS))
