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
    FAILED = "failed"


class Mail(Model):
    """A mail by its key: its kind, the row it tells of, and which of the mails of that kind about that row it is."""

    __tablename__ = "mails"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id", "sequence"),
        CheckConstraint("status IN ('queued','sending','sent','failed')", name="status"),
        Index("ix_mails_unsent", "created_at", postgresql_where=text("status IN ('queued','sending')")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    #: The name of a MailKind.
    kind: Mapped[str] = mapped_column(String(64))
    #: The key of what the kind tells of: a booking, a notification ... No foreign key: only the kind knows the table.
    subject_id: Mapped[int] = mapped_column(BigInteger)
    #: From 1; always 1 for a kind that tells once.
    sequence: Mapped[int] = mapped_column(SmallInteger)
    recipient: Mapped[str] = mapped_column(String(254))
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    error: Mapped[str | None] = mapped_column(Text)
