"""Tables of bookings, and their state changes, which refuse invalid transitions."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.bookings.errors import BookingOver, HoldExpired
from falconbus.fares.refunds import RefundStep
from falconbus.platform.database.engine import Model

#: The last nine digits of a phone number, of which the dialling code and zeros before it are no part.
PHONE_DIGITS = "\"right\"(regexp_replace(phone::text, '[^0-9]'::text, ''::text, 'g'::text), 9)"


class BookingStatus(StrEnum):
    HELD = "held"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class TicketStatus(StrEnum):
    RESERVED = "reserved"
    ISSUED = "issued"
    CANCELLED = "cancelled"


class Booking(Model):
    """Passengers on one or more journeys, held and paid as one."""

    __tablename__ = "bookings"
    __table_args__ = (
        CheckConstraint("status IN ('held','confirmed','expired','cancelled','refunded')", name="status"),
        CheckConstraint("total >= 0", name="total"),
        CheckConstraint("refund_amount >= 0 AND fee_amount >= 0", name="refund"),
        CheckConstraint("status <> 'confirmed' OR confirmed_at IS NOT NULL", name="confirmed_at"),
        CheckConstraint("status <> 'cancelled' OR cancelled_at IS NOT NULL", name="cancelled_at"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        Index("ix_bookings_status", "status", "expires_at"),
        Index("ix_bookings_email", "email"),
        Index("ix_bookings_payment", "payment_id"),
        Index("ix_bookings_created", "created_at"),
        Index("ix_bookings_user", "user_id", "id"),
        Index("ix_bookings_phone", text(PHONE_DIGITS), postgresql_where=text("phone IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reference: Mapped[str] = mapped_column(String(8), unique=True)
    status: Mapped[str] = mapped_column(String(16))
    #: None of who has bought at the counter and leaves no address: nothing is mailed.
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(32))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    total: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    #: Of cancelled tickets: the amount refunded to the traveller, and the amount kept.
    refund_amount: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    fee_amount: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: The payment that confirmed it (payments.key, what the traveller's statement shows).
    payment_id: Mapped[str | None] = mapped_column(String(40))
    #: Which of its manage links holds; renewing it raises it.
    link_version: Mapped[int] = mapped_column(SmallInteger, server_default="1", default=1)
    #: Who has made it without an account of the staff, as a pseudonym (mailing/limits.py).
    client: Mapped[str | None] = mapped_column(String(16))

    def confirm(self, *, payment_id: str, at: datetime) -> None:
        """Change a hold, or one that expired during the payment, to a confirmed booking; BookingOver."""
        if self.status not in {BookingStatus.HELD, BookingStatus.EXPIRED}:
            raise BookingOver(f"the booking is {self.status}")
        self.status = BookingStatus.CONFIRMED
        self.payment_id = payment_id
        self.confirmed_at = at

    def expire(self) -> None:
        if self.status != BookingStatus.HELD:
            raise BookingOver(f"the booking is {self.status}")
        self.status = BookingStatus.EXPIRED

    def cancel(self, *, at: datetime) -> None:
        """Cancel a hold or a confirmed booking; HoldExpired, BookingOver."""
        if self.status == BookingStatus.EXPIRED:
            raise HoldExpired
        if self.status not in {BookingStatus.HELD, BookingStatus.CONFIRMED}:
            raise BookingOver(f"the booking is {self.status}")
        self.status = BookingStatus.CANCELLED
        self.cancelled_at = at

    def refunded(self) -> None:
        """Mark a cancelled booking as refunded; BookingOver."""
        if self.status != BookingStatus.CANCELLED:
            raise BookingOver(f"the booking is {self.status}")
        self.status = BookingStatus.REFUNDED


class Passenger(Model):
    """A traveller of a booking; `number` counts from 1."""

    __tablename__ = "passengers"
    __table_args__ = (
        CheckConstraint("number BETWEEN 1 AND 9", name="number"),
        Index("ix_passengers_name_words", text("name_words(name)"), postgresql_using="gin"),
    )

    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    type: Mapped[str] = mapped_column(String(16))
    #: Grows with every correction of the name.
    revision: Mapped[int] = mapped_column(SmallInteger, server_default="0", default=0)


class Journey(Model):
    """One ride within a booking: stops and terms as they were sold, times as its traveller was told; from 1."""

    __tablename__ = "journeys"
    __table_args__ = (
        CheckConstraint("number BETWEEN 1 AND 6", name="number"),
        CheckConstraint("destination_position > origin_position", name="forward"),
        CheckConstraint("arrives_at > departs_at", name="duration"),
        Index("ix_journeys_schedule", "schedule_id"),
    )

    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id"))
    fare_class_id: Mapped[int] = mapped_column(ForeignKey("fare_classes.id"), index=True)
    origin_position: Mapped[int] = mapped_column(SmallInteger)
    destination_position: Mapped[int] = mapped_column(SmallInteger)
    origin_id: Mapped[int] = mapped_column(ForeignKey("stops.id"), index=True)
    destination_id: Mapped[int] = mapped_column(ForeignKey("stops.id"), index=True)
    departs_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    arrives_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    #: The times of the sale, once the departure has others; its traveller is told of each change.
    sold_departs_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sold_arrives_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: Grows with every change that is told.
    revision: Mapped[int] = mapped_column(SmallInteger, server_default="0", default=0)
    #: What the traveller agreed to: later changes of route and fare class are for later sales.
    route_name: Mapped[str] = mapped_column(String(200))
    fare_class_name: Mapped[str] = mapped_column(String(100))
    conditions: Mapped[str] = mapped_column(Text)
    #: See fares/refunds.py; none when it is not refundable.
    refund_steps: Mapped[list[RefundStep]] = mapped_column(JSONB)


class Ticket(Model):
    """One passenger on one journey."""

    __tablename__ = "tickets"
    __table_args__ = (
        CheckConstraint("status IN ('reserved','issued','cancelled')", name="status"),
        CheckConstraint("fare >= 0", name="fare"),
        ForeignKeyConstraint(
            ["booking_id", "journey_number"], ["journeys.booking_id", "journeys.number"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["booking_id", "passenger_number"], ["passengers.booking_id", "passengers.number"], ondelete="CASCADE"
        ),
        Index("ix_tickets_schedule_status", "schedule_id", "status"),
        Index("ix_tickets_passenger", "booking_id", "passenger_number"),
    )

    booking_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    journey_number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    passenger_number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id"))
    seat_number: Mapped[str] = mapped_column(String(4))
    fare: Mapped[int] = mapped_column(Integer)
    #: The rule trace of the fare, one step a rule: [{"rule": "distance", "amount": 42000}, ...].
    fare_trace: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    status: Mapped[str] = mapped_column(String(16))


class DepartureNotice(Model):
    """What a booking is told of one of its departures by mail: that it is cancelled, or has other times or a bus."""

    __tablename__ = "departure_notices"
    __table_args__ = (
        CheckConstraint("kind IN ('cancelled','changed')", name="kind"),
        CheckConstraint("refund >= 0", name="refund"),
        CheckConstraint("kind <> 'cancelled' OR reason IS NOT NULL", name="reason"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id", ondelete="CASCADE"), index=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    #: Why it is cancelled.
    reason: Mapped[str | None] = mapped_column(String(300))
    #: What comes back for it.
    refund: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    #: Which journeys of the booking: cancelled for whom, [{"number": 1, "passengers": [1, 2]}, ...], or changed how,
    #: [{"number": 1, "was": {...}, "now": {...}}, ...] with `departs_at`, `arrives_at` and `bus_number`.
    journeys: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
