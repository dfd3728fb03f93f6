"""Marking notifications as read or unread."""

from sqlalchemy import TextClause, text

from falconbus.platform.database.engine import db
from falconbus.scheduling.inbox.errors import NotificationNotFound
from falconbus.scheduling.notifications import counting

_READ = text("""
    WITH own AS (SELECT id FROM notifications WHERE id = :id AND staff_id = :staff_id),
         read AS (DELETE FROM unread_notifications WHERE notification_id IN (SELECT id FROM own))
    SELECT id FROM own
""")
_UNREAD = text("""
    WITH own AS (SELECT id, staff_id FROM notifications WHERE id = :id AND staff_id = :staff_id FOR KEY SHARE),
         unread AS (INSERT INTO unread_notifications (notification_id, staff_id) SELECT id, staff_id FROM own
                    ON CONFLICT DO NOTHING)
    SELECT id FROM own
""")
_READ_ALL = text("DELETE FROM unread_notifications WHERE staff_id = :staff_id")
_READ_UP_TO = text("DELETE FROM unread_notifications WHERE staff_id = :staff_id AND notification_id <= :up_to")


def mark_read(notification_id: int, staff_id: int) -> None:
    """Mark one of somebody's notifications as read; NotificationNotFound."""
    _mark(_READ, notification_id, staff_id)


def mark_unread(notification_id: int, staff_id: int) -> None:
    """Mark one of somebody's notifications as unread; NotificationNotFound."""
    _mark(_UNREAD, notification_id, staff_id)


def mark_all_read(staff_id: int, up_to: int | None) -> int:
    """Mark somebody's notifications as read, with `up_to` those up to this key; return how many."""
    marked = db.session.execute(_READ_ALL if up_to is None else _READ_UP_TO, {"staff_id": staff_id, "up_to": up_to})
    counting.recount_after_commit([staff_id])
    return marked.rowcount  # type: ignore[attr-defined,no-any-return]


def _mark(statement: TextClause, notification_id: int, staff_id: int) -> None:
    if db.session.scalar(statement, {"id": notification_id, "staff_id": staff_id}) is None:
        raise NotificationNotFound
    counting.recount_after_commit([staff_id])
