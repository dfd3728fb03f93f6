"""Reads of the mail row itself."""

from sqlalchemy import select

from falconbus.messaging.models import Mail
from falconbus.platform.database.engine import db


def lock_mail(mail_id: int) -> Mail:
    """The mail, locked until the transaction ends."""
    statement = select(Mail).where(Mail.id == mail_id).with_for_update()
    return db.session.execute(statement, execution_options={"populate_existing": True}).scalar_one()
