"""The tables of messages to members of the staff."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model


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


#: The kind of the mails about notifications, each by the key of one; they are written in messaging.
MAIL_KIND = "notification"


class Notification(Model):
    """A message to one member of the staff. It stays as it was told; whether it was read is UnreadNotification's."""

    __tablename__ = "notifications"
    __table_args__ = (Index("ix_notifications_staff", "staff_id", "id"),)

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


class UnreadNotification(Model):
    """That a notification waits to be read: to read it is to delete this row.

    A column of the notification would have each reading write the whole of it anew, with all of its indexes: a hundred
    thousand at once took 1 to 6 seconds, and take a tenth of one like this.
    """

    __tablename__ = "unread_notifications"
    __table_args__ = (Index("ix_unread_notifications_staff", "staff_id", "notification_id"),)

    notification_id: Mapped[int] = mapped_column(
        ForeignKey("notifications.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: The notification's own, which goes with its owner.
    staff_id: Mapped[int] = mapped_column(Integer)
