"""The table of messages to members of the staff."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.extensions import Model


class Kind(StrEnum):
    """What a notification tells."""

    #: To operators: a client asks for a charter.
    REQUESTED = "requested"
    #: To crew: a charter waits for their answer; to operators: all of the crew has accepted.
    OFFERED = "offered"
    ACCEPTED = "accepted"
    #: To the operator: somebody has rejected; nobody has answered in time.
    REJECTED = "rejected"
    UNANSWERED = "unanswered"
    #: To who handed over and to the operator: a colleague has taken over.
    HANDED_OVER = "handed_over"
    #: To crew: taken off; other times, places or services; cancelled.
    WITHDRAWN = "withdrawn"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    #: To crew: put on a line schedule, or taken off it.
    ROSTERED = "rostered"
    UNROSTERED = "unrostered"
    #: To operators: departures that were not made, because their bus is on a charter.
    BUS_CHARTERED = "bus_chartered"


class Notification(Model):
    """A message to one member of the staff, read or unread.

    Few indexes, none of them on what reading changes but the partial one: marking a hundred thousand as read writes
    every one of them.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_staff", "staff_id", "id"),
        Index("ix_notifications_unread", "staff_id", postgresql_where=text("read_at IS NULL")),
        Index("ix_notifications_created", "created_at", postgresql_using="brin"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    #: One line.
    title: Mapped[str] = mapped_column(String(200))
    #: The whole of it; lists leave it out.
    message: Mapped[str] = mapped_column(Text)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    #: The offer to answer, or the rejection told of.
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignments.id"))
    #: No foreign key: a departure may go, and what was told of it stays.
    schedule_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
