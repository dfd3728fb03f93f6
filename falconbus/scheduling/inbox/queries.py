"""Reads of one person's notifications."""

from sqlalchemy import and_, select, text

from falconbus.accounts.models import User
from falconbus.platform.database.engine import AnyRow, AnySelect, db
from falconbus.scheduling.appointments.models import Appointment
from falconbus.scheduling.assignments.models import Assignment
from falconbus.scheduling.inbox.errors import NotificationNotFound
from falconbus.scheduling.notifications.models import Notification, NotificationKind, UnreadNotification

_COLUMNS = (
    Notification.id.label("key"),
    Notification.kind,
    Notification.title,
    UnreadNotification.notification_id.label("unread_id"),
    Notification.created_at,
    Notification.schedule_id,
    Appointment.reference,
    Appointment.status,
    Appointment.starts_at,
    Appointment.time_zone,
    User.id.label("rejected_by_id"),
    User.name.label("rejected_by"),
    Assignment.reason,
)
# Two index-only scans: a single count with a filter would join every row.
_TOTALS = text("""
    SELECT (SELECT count(*) FROM notifications WHERE staff_id = :staff_id) AS total,
           (SELECT count(*) FROM unread_notifications WHERE staff_id = :staff_id) AS unread
""")
_UNREAD = text("SELECT count(*) FROM unread_notifications WHERE staff_id = :staff_id")


def of_staff(staff_id: int) -> AnySelect:
    """Return the select of somebody's notifications, without their whole texts."""
    statement = _with_subject(select(*_COLUMNS)).where(Notification.staff_id == staff_id)
    return statement.outerjoin(UnreadNotification, UnreadNotification.notification_id == Notification.id)


def unread_of_staff(staff_id: int) -> AnySelect:
    """Return the select of somebody's unread ones; page it by UnreadNotification.notification_id, which is indexed."""
    statement = _with_subject(select(*_COLUMNS)).where(UnreadNotification.staff_id == staff_id)
    return statement.join(UnreadNotification, UnreadNotification.notification_id == Notification.id)


def totals(staff_id: int) -> AnyRow:
    """Return `total` and `unread`, the numbers of somebody's notifications."""
    return db.session.execute(_TOTALS, {"staff_id": staff_id}).one()


def unread(staff_id: int) -> int:
    """Return the number of somebody's unread notifications."""
    return db.session.scalar(_UNREAD, {"staff_id": staff_id}) or 0


def get_notification(notification_id: int, staff_id: int) -> AnyRow:
    """Return one of somebody's notifications, with its text and its assignment; NotificationNotFound."""
    statement = _with_subject(select(*_COLUMNS, Notification.message, Assignment))
    statement = statement.outerjoin(UnreadNotification, UnreadNotification.notification_id == Notification.id)
    own = statement.where(Notification.id == notification_id, Notification.staff_id == staff_id)
    row = db.session.execute(own).one_or_none()
    if row is None:
        raise NotificationNotFound
    return row


def _with_subject(statement: AnySelect) -> AnySelect:
    return (
        statement.outerjoin(Appointment, Appointment.id == Notification.appointment_id)
        .outerjoin(Assignment, Assignment.id == Notification.assignment_id)
        .outerjoin(User, and_(User.id == Assignment.staff_id, Notification.kind == NotificationKind.REJECTED))
    )
