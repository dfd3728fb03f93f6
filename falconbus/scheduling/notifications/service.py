"""Notifying staff of an event, in the event's transaction."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import text

from falconbus.platform import jobs
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.scheduling.jobs import MAIL_NOTIFICATION
from falconbus.scheduling.notifications import counting
from falconbus.scheduling.notifications.models import NotificationKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A notification to be sent: title, whole text, and subject. `assignment_id`: the offer, or the rejection."""

    kind: NotificationKind
    title: str
    message: str
    appointment_id: int | None = None
    assignment_id: int | None = None
    schedule_id: int | None = None


_INSERT = text("""
    WITH sent AS (
        INSERT INTO notifications
            (staff_id, kind, title, message, appointment_id, assignment_id, schedule_id, created_at)
        SELECT id, :kind, :title, :message, :appointment_id, recipient.assignment_id, :schedule_id, :now
        FROM unnest(CAST(:staff_ids AS integer[]), CAST(:assignment_ids AS bigint[])) AS recipient (id, assignment_id)
        JOIN users USING (id) WHERE active ORDER BY id
        RETURNING id, staff_id
    ), unread AS (
        INSERT INTO unread_notifications (notification_id, staff_id) SELECT id, staff_id FROM sent
    )
    SELECT sent.id, sent.staff_id, coalesce(profile.wants_mail, true) AS wants_mail
    FROM sent LEFT JOIN staff_profiles AS profile USING (staff_id) ORDER BY sent.id
""")
_OPERATORS = text("""
    SELECT id FROM users
    WHERE active AND roles && (CASE WHEN EXISTS (SELECT FROM users WHERE active AND 'operator' = ANY (roles))
                               THEN ARRAY['operator'] ELSE ARRAY['admin'] END)::varchar[]
    ORDER BY id
""")


def notify(staff_ids: Collection[int], message: Message, assignment_ids: Mapping[int, int] | None = None) -> None:
    """Send a notification to each of these, if the transaction commits; by mail, too, to those who want that.

    `assignment_ids`: by staff key, for recipients whose notification is about an assignment of their own.
    """
    recipients = sorted(set(staff_ids))
    values = {
        "staff_ids": recipients,
        "assignment_ids": [(assignment_ids or {}).get(staff_id, message.assignment_id) for staff_id in recipients],
        "kind": message.kind.value,
        "title": message.title[:200],
        "message": message.message,
        "appointment_id": message.appointment_id,
        "schedule_id": message.schedule_id,
        "now": clock.now(),
    }
    sent = db.session.execute(_INSERT, values).all()
    counting.recount_after_commit([row.staff_id for row in sent])
    jobs.enqueue_all(MAIL_NOTIFICATION, [{"notification_id": row.id} for row in sent if row.wants_mail])


def operators() -> list[int]:
    """Return the recipients of notifications to the dispatch office: all operators, or all admins if there is none."""
    return list(db.session.scalars(_OPERATORS))
