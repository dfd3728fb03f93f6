"""One row a mail: a booking, an event, and how far the telling has come."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.extensions import Model


class MailEvent(StrEnum):
    CONFIRMATION = "confirmation"
    CANCELLATION = "cancellation"
    HOLD_EXPIRED = "hold_expired"
    #: Money came after the seats had gone to others, and goes back.
    PAYMENT_RETURNED = "payment_returned"


class MailStatus(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class Mail(Model):
    """A mail about something that happened to a booking. `sequence` counts the events of a kind, from 1."""

    __tablename__ = "mails"
    __table_args__ = (
        UniqueConstraint("booking_id", "event", "sequence"),
        CheckConstraint("status IN ('queued','sending','sent','failed')", name="status"),
        Index("ix_mails_unsent", "created_at", postgresql_where=text("status IN ('queued','sending')")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id"))
    event: Mapped[str] = mapped_column(String(32))
    sequence: Mapped[int] = mapped_column(SmallInteger)
    recipient: Mapped[str] = mapped_column(String(254))
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    error: Mapped[str | None] = mapped_column(Text)
