"""Who is to be told by mail, as long as that holds."""

from sqlalchemy import text

from falconbus.platform.database.engine import db

# Nobody wants a mail about what they have read, and nobody gets one whose account is closed.
_READER = text("""
    SELECT u.email
    FROM notifications n
    JOIN unread_notifications unread ON unread.notification_id = n.id
    JOIN users u ON u.id = n.staff_id AND u.active
    LEFT JOIN staff_profiles profile ON profile.staff_id = u.id
    WHERE n.id = :notification_id AND coalesce(profile.wants_mail, true)
""")
# What no longer holds is not told: a cancellation has a mail of its own, and so has the next crew that accepts.
_CLIENT = text("""
    SELECT a.client_email
    FROM appointment_changes c
    JOIN appointments a ON a.id = c.appointment_id
    WHERE c.id = :change_id
      AND (c.action = 'cancelled' OR a.status <> 'cancelled')
      AND (c.action <> 'accepted' OR a.status IN ('accepted', 'in_progress', 'completed'))
""")


def find_reader(notification_id: int) -> str | None:
    """Return the address of a notification's reader; None when they need or want no mail about it."""
    address: str | None = db.session.scalar(_READER, {"notification_id": notification_id})
    return address


def find_client(change_id: int) -> str | None:
    """Return the address of the client of a charter that changed; None when the change no longer holds."""
    address: str | None = db.session.scalar(_CLIENT, {"change_id": change_id})
    return address
