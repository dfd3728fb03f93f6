"""Tables of the money: attempts, refunds, and the events that providers have told us."""

from dataclasses import dataclass
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
    #: The provider may have taken the money, and cannot be asked. Nobody waits for it; it is asked after until it can.
    UNRESOLVED = "unresolved"
    PAID = "paid"
    DECLINED = "declined"
    #: Nothing was taken.
    FAILED = "failed"


#: Of these nobody knows yet whether the money was taken.
UNSETTLED = (PaymentStatus.STARTED, PaymentStatus.PENDING, PaymentStatus.UNRESOLVED)


class RefundStatus(StrEnum):
    #: Somebody has to pay it out by hand.
    DUE = "due"
    #: The provider is to give it back, and has not said that it did.
    PENDING = "pending"
    #: The provider refused, or did not answer for too long: somebody has to see to it.
    FAILED = "failed"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Handling:
    """What somebody does about a refund: who, when, and why, or where the payment is found."""

    by_id: int | None
    at: datetime
    note: str


class ReturnReason(StrEnum):
    """Why money that came goes back although nobody cancelled."""

    #: The hold had run out, and others have the seats.
    TOO_LATE = "too_late"
    DEPARTED = "departed"
    #: The departure is not on sale any more.
    WITHDRAWN = "withdrawn"
    #: The traveller had cancelled.
    BOOKING_CANCELLED = "booking_cancelled"
    PAID_TWICE = "paid_twice"
    #: Too little, or in another currency.
    WRONG_AMOUNT = "wrong_amount"
    #: Too much: the booking stands, the difference goes back.
    OVERPAID = "overpaid"


class Payment(Model):
    """One attempt to pay for a booking. `key` is unique, is what the provider knows it by, and is its public id."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("status IN ('started','pending','unresolved','paid','declined','failed')", name="status"),
        CheckConstraint("amount >= 0", name="amount"),
        Index(
            "uq_payments_one_open",
            "booking_id",
            unique=True,
            postgresql_where=text("status IN ('started','pending')"),
        ),
        Index("ix_payments_booking", "booking_id"),
        Index(
            "ix_payments_unsettled",
            "lease_until",
            postgresql_where=text("status IN ('started','pending','unresolved')"),
        ),
        Index(
            "ix_payments_provider_reference",
            "provider_reference",
            postgresql_where=text("provider_reference IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id"))
    key: Mapped[str] = mapped_column(String(40), unique=True)
    provider: Mapped[str] = mapped_column(String(32))
    #: What is asked for; once it is paid, what was taken.
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(16))
    #: The Idempotency-Key that it was asked for with, and the hash of that request (idempotency.ClaimedKey).
    idempotency_digest: Mapped[str | None] = mapped_column(String(64))
    request_hash: Mapped[str | None] = mapped_column(String(64))
    #: The request that asks the provider, by our own name for it (context.own_id). Until `lease_until` its call may be
    #: under way; afterwards anybody may ask.
    request_id: Mapped[str] = mapped_column(String(64))
    lease_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: The provider's own name for it; for cash and transfers what the agent wrote down.
    provider_reference: Mapped[str | None] = mapped_column(String(200))

    @property
    def is_settled(self) -> bool:
        return self.status in {PaymentStatus.PAID, PaymentStatus.DECLINED, PaymentStatus.FAILED}

    @property
    def is_open(self) -> bool:
        """Whether another payment has to wait for its outcome."""
        return self.status in {PaymentStatus.STARTED, PaymentStatus.PENDING}


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
    #: cancelled: the traveller cancelled; departure_cancelled: the operator did. Otherwise a
    #: ReturnReason.
    reason: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16))
    #: Why it failed last.
    error: Mapped[str | None] = mapped_column(Text)
    #: The key under which the provider refused it last: that one is spent.
    refused_key: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    #: When the provider was asked last.
    asked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: When somebody last had the provider asked anew.
    retried_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: Who last had it asked for anew or paid it out, and what they wrote down.
    handled_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    note: Mapped[str | None] = mapped_column(String(200))

    @property
    def is_asked_of_provider(self) -> bool:
        """Whether a job may ask for it; what is due and has one is of the release that had no `pending`."""
        return self.status in {RefundStatus.PENDING, RefundStatus.DUE}

    @property
    def pending_since(self) -> datetime:
        """Return since when the provider is to give it back."""
        return self.retried_at or self.created_at

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
        """Give up on the provider: what became of it there is not known."""
        self._check(RefundStatus.PENDING)
        self.status = RefundStatus.FAILED
        self.error = error

    def refuse(self, reason: str) -> None:
        """Note that the provider refuses it for good."""
        self.fail(reason)
        self.refused_key = self.key

    def retry(self, handling: Handling, *, new_key: str) -> None:
        """Have the provider asked anew: by another key if it has refused this one, else by the same."""
        self._check(RefundStatus.DUE, RefundStatus.FAILED)
        self.status = RefundStatus.PENDING
        self.retried_at = handling.at
        if self.key == self.refused_key:
            self.key = new_key
        self._note(handling)

    def pay_out(self, handling: Handling) -> None:
        """Note that somebody has paid it out by hand."""
        self._check(RefundStatus.DUE, RefundStatus.FAILED)
        self.status = RefundStatus.DONE
        self.settled_at = handling.at
        self._note(handling)

    def _note(self, handling: Handling) -> None:
        self.handled_by_id = handling.by_id
        self.note = handling.note

    def _check(self, *allowed: RefundStatus) -> None:
        if self.status not in allowed:
            raise RefundOver(f"the refund is {self.status}")


class ReceivedEvent(Model):
    """An event that a provider has told us; its id is unique, so that a second telling changes nothing."""

    __tablename__ = "webhook_events"

    provider: Mapped[str] = mapped_column(String(32), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
