"""The table of seat claims, a row for each seat and leg: its primary key keeps a seat from being sold twice."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model


class SeatClaim(Model):
    """A seat on a leg of a schedule, held until an instant, or sold (`held_until` is NULL)."""

    __tablename__ = "seat_claims"
    __table_args__ = (
        # held_until is included in the index, so that availability is read from the index alone.
        PrimaryKeyConstraint("schedule_id", "leg", "seat_number", postgresql_include=["held_until"]),
        CheckConstraint("leg >= 0", name="leg"),
        Index("ix_seat_claims_booking", "booking_id"),
    )

    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id"))
    leg: Mapped[int] = mapped_column(SmallInteger)
    seat_number: Mapped[str] = mapped_column(String(4))
    booking_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("bookings.id"))
    held_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
