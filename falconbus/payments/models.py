"""Tables of the money: attempts, refunds, and the events that providers have told us."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.payments.errors import RefundOver
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
    #: Somebody has to pay it out by hand.
    DUE = "due"
    #: The provider is to give it back, and has not said that it did.
    PENDING = "pending"
    #: The provider refused, or did not answer for too long: somebody has to see to it.
    FAILED = "failed"
    DONE = "done"


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
    """Money to give back: by a provider that a worker asks under the refund's unique key, or by hand."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("status IN ('due','pending','failed','done')", name="status"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("status <> 'done' OR settled_at IS NOT NULL", name="settled_at"),
        CheckConstraint("status <> 'failed' OR error IS NOT NULL", name="error"),
        Index("ix_refunds_payment", "payment_id"),
        Index("ix_refunds_open", "status", "created_at", postgresql_where=text("status <> 'done'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"))
    key: Mapped[str] = mapped_column(String(40), unique=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    #: cancelled: the traveller cancelled; departure_cancelled: the operator did. Not needed by the booking: paid_twice,
    #: too_late for the seats, or withdrawn, because the departure was cancelled before the money came.
    reason: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16))
    #: Why it failed.
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    #: When the provider was asked last.
    asked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def is_asked_of_provider(self) -> bool:
        """Whether a job may ask for it; what is due and has one is of the release that had no `pending`."""
        return self.status in {RefundStatus.PENDING, RefundStatus.DUE}

    @property
    def is_paid_by_hand(self) -> bool:
        """Whether somebody may pay it out."""
        return self.status in {RefundStatus.DUE, RefundStatus.FAILED}

    def ask(self, *, at: datetime) -> None:
        """Note that the provider is being asked."""
        self._check(RefundStatus.PENDING, RefundStatus.DUE)
        self.status = RefundStatus.PENDING
        self.asked_at = at

    def complete(self, *, at: datetime) -> None:
        """Note that the provider has given the money back; its word may come after we gave up waiting."""
        self._check(RefundStatus.PENDING, RefundStatus.FAILED)
        self.status = RefundStatus.DONE
        self.settled_at = at

    def fail(self, error: str) -> None:
        """Give up on the provider."""
        self._check(RefundStatus.PENDING)
        self.status = RefundStatus.FAILED
        self.error = error

    def pay_out(self, *, at: datetime) -> None:
        """Note that somebody has paid it out by hand."""
        self._check(RefundStatus.DUE, RefundStatus.FAILED)
        self.status = RefundStatus.DONE
        self.settled_at = at

    def _check(self, *allowed: RefundStatus) -> None:
        if self.status not in allowed:
            raise RefundOver(f"the refund is {self.status}")


class ReceivedEvent(Model):
    """An event that a provider has told us; its id is unique, so that a second telling changes nothing."""

    __tablename__ = "webhook_events"

    provider: Mapped[str] = mapped_column(String(32), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
