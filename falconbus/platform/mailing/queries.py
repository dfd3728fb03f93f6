"""Reads of the mail row itself."""

from sqlalchemy import select, text

from falconbus.platform.database.engine import db
from falconbus.platform.mailing.models import Mail

# What is wrong with a recipient or a message is no trouble of ours. Of the newest mails one that has gone since shows
# that the trouble is over; those that wait are tried again in their time.
_TROUBLE = text("""
    SELECT error FROM mails waiting
    WHERE status IN ('queued', 'sending') AND error IS NOT NULL
      AND error NOT LIKE '%: the recipient was refused' AND error NOT LIKE '%: the message was refused'
      AND created_at >= ALL (
        SELECT sent_at FROM (SELECT sent_at FROM mails ORDER BY id DESC LIMIT 50) newest WHERE sent_at IS NOT NULL)
    ORDER BY created_at DESC LIMIT 1
""")


def find_trouble() -> str | None:
    """Return why no mail goes out: nobody answers, the sender or the sign-in is refused; None when mails go."""
    error: str | None = db.session.scalar(_TROUBLE)
    return error


def lock_mail(mail_id: int) -> Mail | None:
    """Return the mail, locked until the transaction ends; None when it was forgotten."""
    statement = select(Mail).where(Mail.id == mail_id).with_for_update()
    return db.session.execute(statement, execution_options={"populate_existing": True}).scalar_one_or_none()
