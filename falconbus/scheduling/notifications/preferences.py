"""Preferences of staff: whether their notifications are mailed, too."""

from sqlalchemy import text

from falconbus.platform.database.engine import db

_SET_WANTS_MAIL = text("""
    INSERT INTO staff_profiles (staff_id, wants_mail) VALUES (:staff_id, :wants_mail)
    ON CONFLICT (staff_id) DO UPDATE SET wants_mail = excluded.wants_mail
""")
_WANTS_MAIL = text("SELECT wants_mail FROM staff_profiles WHERE staff_id = :staff_id")


def wants_mail(staff_id: int) -> bool:
    """Return whether somebody's notifications are mailed, too; the default is yes."""
    return db.session.scalar(_WANTS_MAIL, {"staff_id": staff_id}) is not False


def set_wants_mail(staff_id: int, *, wants_mail: bool) -> None:
    """Set whether somebody's notifications are mailed, too."""
    db.session.execute(_SET_WANTS_MAIL, {"staff_id": staff_id, "wants_mail": wants_mail})
