"""One row a mail: what it tells of, to whom, and how far the telling has come."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model


class MailStatus(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    #: Refused for good: somebody has to correct something.
    FAILED = "failed"
    #: Not to be sent: it no longer holds, or is one too many of what nobody has paid for.
    DROPPED = "dropped"


class Mail(Model):
    """A mail by its key: its kind, the row it tells of, and which of the mails of that kind about that row it is."""

    __tablename__ = "mails"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id", "sequence"),
        CheckConstraint("status IN ('queued','sending','sent','failed','dropped')", name="status"),
        Index("ix_mails_unsent", "created_at", postgresql_where=text("status IN ('queued','sending')")),
        Index("ix_mails_recipient", "recipient", "created_at", postgresql_where=text("client IS NOT NULL")),
        Index("ix_mails_client", "client", "created_at", postgresql_where=text("client IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    #: The name of a MailKind.
    kind: Mapped[str] = mapped_column(String(64))
    #: The key of what the kind tells of: a booking, a notification ... No foreign key: only the kind knows the table.
    subject_id: Mapped[int] = mapped_column(BigInteger)
    #: From 1; always 1 for a kind that tells once.
    sequence: Mapped[int] = mapped_column(SmallInteger)
    #: Grows each time that it is told again: it is another message then, and jobs of the one before have no more to do.
    edition: Mapped[int] = mapped_column(SmallInteger, server_default="1", default=1)
    recipient: Mapped[str] = mapped_column(String(254))
    status: Mapped[str] = mapped_column(String(16))
    #: Who has caused it without paying, as a pseudonym: such mails are limited. None for what is owed.
    client: Mapped[str | None] = mapped_column(String(16))
    #: When it was told last.
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    error: Mapped[str | None] = mapped_column(Text)
