"""Whether somebody's notifications go out by mail, too."""

from sqlalchemy import text

from falconbus.platform.database.engine import db

_PREFER = text("""
    INSERT INTO staff_profiles (staff_id, wants_mail) VALUES (:staff_id, :wants_mail)
    ON CONFLICT (staff_id) DO UPDATE SET wants_mail = excluded.wants_mail
""")
_WANTS_MAIL = text("SELECT wants_mail FROM staff_profiles WHERE staff_id = :staff_id")


def wants_mail(staff_id: int) -> bool:
    """Whether somebody's notifications go out by mail, too; they do unless told otherwise."""
    return db.session.scalar(_WANTS_MAIL, {"staff_id": staff_id}) is not False


def prefer(staff_id: int, *, wants_mail: bool) -> None:
    """Note what somebody prefers."""
    db.session.execute(_PREFER, {"staff_id": staff_id, "wants_mail": wants_mail})
