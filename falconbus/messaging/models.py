"""One row a mail: what it is about, an event, and how far the telling has come."""

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

from falconbus.platform.database.engine import Model


class MailEvent(StrEnum):
    """What happens to a booking."""

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
    """A mail about a booking, a notification, or a change of a charter.

    `sequence` counts a booking's events of a kind, from 1; of the others there is one mail each.
    """

    __tablename__ = "mails"
    __table_args__ = (
        UniqueConstraint("booking_id", "event", "sequence"),
        CheckConstraint("status IN ('queued','sending','sent','failed')", name="status"),
        CheckConstraint("num_nonnulls(booking_id, notification_id, change_id) = 1", name="subject"),
        Index("ix_mails_unsent", "created_at", postgresql_where=text("status IN ('queued','sending')")),
        Index(
            "ix_mails_notification_id", "notification_id", unique=True,
            postgresql_where=text("notification_id IS NOT NULL"),
        ),
        Index("ix_mails_change_id", "change_id", unique=True, postgresql_where=text("change_id IS NOT NULL")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("bookings.id"))
    notification_id: Mapped[int | None] = mapped_column(ForeignKey("notifications.id", ondelete="CASCADE"))
    change_id: Mapped[int | None] = mapped_column(ForeignKey("appointment_changes.id", ondelete="CASCADE"))
    #: A booking's MailEvent; else `notification` or `charter`.
    event: Mapped[str] = mapped_column(String(32))
    sequence: Mapped[int] = mapped_column(SmallInteger)
    recipient: Mapped[str] = mapped_column(String(254))
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    error: Mapped[str | None] = mapped_column(Text)
