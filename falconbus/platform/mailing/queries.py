"""Reads of the mail row itself."""

from sqlalchemy import select

from falconbus.platform.database.engine import db
from falconbus.platform.mailing.models import Mail


def lock_mail(mail_id: int) -> Mail | None:
    """Return the mail, locked until the transaction ends; None when it was forgotten."""
    statement = select(Mail).where(Mail.id == mail_id).with_for_update()
    return db.session.execute(statement, execution_options={"populate_existing": True}).scalar_one_or_none()
