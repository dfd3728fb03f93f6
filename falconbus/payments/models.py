"""Tables of the money: attempts, refunds, and the events that providers have told us."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model


class PaymentStatus(StrEnum):
    #: The provider is being asked, under a lease; a crash leaves it so, and the reconciler asks again.
    STARTED = "started"
    #: The provider will tell, by webhook or when asked.
    PENDING = "pending"
    PAID = "paid"
    DECLINED = "declined"
    FAILED = "failed"


class RefundStatus(StrEnum):
    DUE = "due"
    DONE = "done"
    FAILED = "failed"


class Payment(Model):
    """One attempt to pay for a booking. `key` is unique, is what the provider knows it by, and is its public id."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("status IN ('started','pending','paid','declined','failed')", name="status"),
        CheckConstraint("amount >= 0", name="amount"),
        Index(
            "uq_payments_one_open",
            "booking_id",
            unique=True,
            postgresql_where=text("status IN ('started','pending')"),
        ),
        Index("ix_payments_booking", "booking_id"),
        Index("ix_payments_open", "lease_until", postgresql_where=text("status IN ('started','pending')")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id"))
    key: Mapped[str] = mapped_column(String(40), unique=True)
    provider: Mapped[str] = mapped_column(String(32))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(16))
    #: The request that is asking the provider, and until when; afterwards anybody may.
    request_id: Mapped[str] = mapped_column(String(64))
    lease_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: The provider's own name for it; for cash and transfers what the agent wrote down.
    provider_reference: Mapped[str | None] = mapped_column(String(200))


class Refund(Model):
    """Money to give back; a worker asks the provider under the refund's unique key."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("status IN ('due','done','failed')", name="status"),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_refunds_payment", "payment_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"))
    key: Mapped[str] = mapped_column(String(40), unique=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    #: cancelled: the traveller cancelled; not needed: paid twice, or too late for the seats.
    reason: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16))
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class WebhookEvent(Model):
    """An event that a provider has told us; its id is unique, so that a second telling changes nothing."""

    __tablename__ = "webhook_events"

    provider: Mapped[str] = mapped_column(String(32), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
