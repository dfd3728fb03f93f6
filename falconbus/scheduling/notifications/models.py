"""Tables of notifications to staff."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model


class NotificationKind(StrEnum):
    """The event that a notification reports."""

    #: To operators: a client has requested a charter.
    REQUESTED = "requested"
    #: To crew: they are offered a charter. To operators: the whole crew has accepted.
    OFFERED = "offered"
    ACCEPTED = "accepted"
    #: To the operator: somebody has rejected; an offer was not answered in time.
    REJECTED = "rejected"
    UNANSWERED = "unanswered"
    #: To both crew members and the operator: a colleague has taken over.
    HANDED_OVER = "handed_over"
    #: To crew: their assignment or offer was withdrawn; other times, places or services; cancelled.
    WITHDRAWN = "withdrawn"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    #: To operators: charters whose time is over, and which nobody had closed.
    CLOSED = "closed"
    #: To crew: assigned to a line schedule, or removed from it.
    ROSTERED = "rostered"
    UNROSTERED = "unrostered"
    #: To operators: what no longer holds of rides to come (a bus out of service, a licence that ends, ...).
    LAPSED = "lapsed"
    #: To operators: departures that were not made, because their bus is on a charter or out of service.
    BUS_CHARTERED = "bus_chartered"


#: The kind of the mails about notifications, each by the key of one; they are written in messaging.
MAIL_KIND = "notification"


class Notification(Model):
    """A notification to one member of the staff; never updated, UnreadNotification has whether it was read."""

    __tablename__ = "notifications"
    __table_args__ = (Index("ix_notifications_staff", "staff_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    #: One line.
    title: Mapped[str] = mapped_column(String(200))
    #: The whole text; lists leave it out.
    message: Mapped[str] = mapped_column(Text)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    #: The offer to answer, or the rejection reported.
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignments.id"))
    #: No foreign key: a departure may be deleted, and its notifications stay.
    schedule_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class UnreadNotification(Model):
    """Marks a notification as unread; reading it deletes the row.

    With a column of Notification each read would rewrite that row and its index entries: a hundred thousand at once
    took 1 to 6 seconds, and take 0.1 seconds like this.
    """

    __tablename__ = "unread_notifications"
    __table_args__ = (Index("ix_unread_notifications_staff", "staff_id", "notification_id"),)

    notification_id: Mapped[int] = mapped_column(
        ForeignKey("notifications.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: Copied from the notification, whose foreign key deletes both with the account.
    staff_id: Mapped[int] = mapped_column(Integer)
