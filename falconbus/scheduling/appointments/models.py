"""Tables of charters, and the state changes that refuse the impossible."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model
from falconbus.scheduling.appointments.errors import ImpossibleChange


class AppointmentStatus(StrEnum):
    #: Asked for; nobody is on it yet.
    PENDING = "pending"
    #: Its crew is chosen, and somebody has not answered yet.
    ASSIGNED = "assigned"
    #: All of its crew have accepted.
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    #: Somebody of its crew has said no; the operator assigns it anew, or cancels it.
    REJECTED = "rejected"
    CANCELLED = "cancelled"


OPEN = frozenset(
    {
        AppointmentStatus.PENDING,
        AppointmentStatus.ASSIGNED,
        AppointmentStatus.ACCEPTED,
        AppointmentStatus.REJECTED,
    }
)


class Appointment(Model):
    """A charter (private hire); an assigned bus is reserved for it until it is cancelled.

    Two charters that are not cancelled never have one bus for overlapping times (owner_time(),
    docs/decisions/overlaps.md); the triggers of migration 0014 keep departures of lines from having it then.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending','assigned','accepted','in_progress','completed','rejected','cancelled')",
            name="status",
        ),
        CheckConstraint("ends_at > starts_at", name="duration"),
        CheckConstraint("starts_at >= '1970-01-01 00:00+00' AND ends_at < '2106-01-01 00:00+00'", name="era"),
        CheckConstraint("(pick_up_stop_id IS NULL) <> (pick_up_text IS NULL)", name="pick_up"),
        CheckConstraint("(drop_off_stop_id IS NULL) <> (drop_off_text IS NULL)", name="drop_off"),
        CheckConstraint("client_email = lower(client_email)", name="client_email_lower"),
        CheckConstraint("passengers BETWEEN 1 AND 1000", name="passengers"),
        CheckConstraint("status <> 'rejected' OR rejection_reason IS NOT NULL", name="rejection"),
        ExcludeConstraint(
            (text("owner_time(bus_id, starts_at, ends_at)"), "&&"),
            name="ex_appointments_bus",
            where=text("bus_id IS NOT NULL AND status <> 'cancelled'"),
            using="gist",
        ),
        Index("ix_appointments_status", "status", "id"),
        Index("ix_appointments_starts", "starts_at"),
        Index("ix_appointments_client", "client_id", "id"),
        Index("ix_appointments_client_email", "client_email", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reference: Mapped[str] = mapped_column(String(8), unique=True)
    status: Mapped[str] = mapped_column(String(16))
    #: The client's account, if they have one.
    client_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    client_name: Mapped[str] = mapped_column(String(100))
    client_email: Mapped[str] = mapped_column(String(254))
    client_phone: Mapped[str | None] = mapped_column(String(32))
    pick_up_stop_id: Mapped[int | None] = mapped_column(ForeignKey("stops.id"))
    pick_up_text: Mapped[str | None] = mapped_column(String(200))
    drop_off_stop_id: Mapped[int | None] = mapped_column(ForeignKey("stops.id"))
    drop_off_text: Mapped[str | None] = mapped_column(String(200))
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    #: Of the pick-up: its times are shown in it.
    time_zone: Mapped[str] = mapped_column(String(64))
    passengers: Mapped[int] = mapped_column(SmallInteger)
    #: By the client, for the operator and the crew.
    note: Mapped[str] = mapped_column(Text, server_default="", default="")
    currency: Mapped[str] = mapped_column(String(3))
    bus_id: Mapped[int | None] = mapped_column(ForeignKey("buses.id"))
    #: Who dispatches it: the operator who assigned it last.
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    #: The rejection that waits for the operator.
    rejected_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    rejection_reason: Mapped[str | None] = mapped_column(Text)
    cancellation_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    def assign(self, *, operator_id: int) -> None:
        """Note that an operator has chosen its crew and bus (anew), and offers are open."""
        self._move(OPEN, AppointmentStatus.ASSIGNED)
        self.operator_id = operator_id
        self.rejected_by_id = self.rejection_reason = None

    def accept(self) -> None:
        """Note that the last of its crew has accepted."""
        self._move({AppointmentStatus.ASSIGNED}, AppointmentStatus.ACCEPTED)

    def reject(self, *, by_id: int, reason: str, at: datetime) -> None:
        """Note that somebody of its crew has rejected it, before or after it was accepted, before its start."""
        self._move(
            {AppointmentStatus.ASSIGNED, AppointmentStatus.ACCEPTED, AppointmentStatus.REJECTED},
            AppointmentStatus.REJECTED,
        )
        self.check_ahead(at)
        self.rejected_by_id, self.rejection_reason = by_id, reason

    def reopen(self) -> None:
        """Note that its crew has to answer again, for other times."""
        self._move({AppointmentStatus.ACCEPTED}, AppointmentStatus.ASSIGNED)

    def begin(self) -> None:
        self._move({AppointmentStatus.ACCEPTED}, AppointmentStatus.IN_PROGRESS)

    def complete(self, *, at: datetime) -> None:
        """Note that it is done; once its time is over, also where nobody has said that it began."""
        not_begun = {AppointmentStatus.ACCEPTED} if self.ends_at <= at else set()
        self._move({AppointmentStatus.IN_PROGRESS, *not_begun}, AppointmentStatus.COMPLETED)

    def cancel(self, *, reason: str, at: datetime) -> None:
        """Cancel it before its start; ImpossibleChange afterwards."""
        self._move(OPEN, AppointmentStatus.CANCELLED)
        self.check_ahead(at)
        self.cancellation_reason = reason

    def close(self, *, reason: str) -> None:
        """Note that nobody took it, and that its time is over."""
        self._move(OPEN - {AppointmentStatus.ACCEPTED}, AppointmentStatus.CANCELLED)
        self.cancellation_reason = reason

    def check_changeable(self, at: datetime) -> None:
        """Raise ImpossibleChange once it has begun, its start has passed, or it is cancelled."""
        if self.status not in OPEN:
            raise ImpossibleChange(f"the charter is {self.status.replace('_', ' ')}")
        self.check_ahead(at)

    def check_ahead(self, at: datetime) -> None:
        """Raise ImpossibleChange once its start has passed, whether or not somebody has said that it began."""
        if self.ends_at <= at:
            raise ImpossibleChange("the charter is over")
        if self.starts_at <= at:
            raise ImpossibleChange("the charter's start has passed")

    def _move(self, allowed: frozenset[AppointmentStatus] | set[AppointmentStatus], target: AppointmentStatus) -> None:
        if self.status not in allowed:
            raise ImpossibleChange(f"the charter is {self.status.replace('_', ' ')}")
        self.status = target


class AppointmentItem(Model):
    """A service of a charter with its name, duration and price at the time of the request."""

    __tablename__ = "appointment_services"
    __table_args__ = (
        CheckConstraint("duration_minutes >= 0", name="duration"),
        CheckConstraint("price >= 0", name="price"),
    )

    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id", ondelete="CASCADE"), primary_key=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("services.id"), primary_key=True, index=True)
    #: The order in which the client named them, from 1.
    number: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(String(100))
    duration_minutes: Mapped[int] = mapped_column(Integer)
    price: Mapped[int] = mapped_column(Integer)


class Action(StrEnum):
    """What happened to a charter."""

    REQUESTED = "requested"
    CHANGED = "changed"
    ASSIGNED = "assigned"
    #: One of the crew; when it was the last, the status says so.
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    OFFERED_ON = "offered_on"
    HANDED_OVER = "handed_over"
    ESCALATED = "escalated"
    BEGUN = "begun"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    #: Its time is over, and nobody was on it.
    CLOSED = "closed"


class AppointmentChange(Model):
    """An entry of a charter's history."""

    __tablename__ = "appointment_changes"
    __table_args__ = (Index("ix_appointment_changes_appointment", "appointment_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    #: Who did it; None for a client without an account, and for what happens by itself.
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    action: Mapped[str] = mapped_column(String(16))
    #: The charter's status afterwards.
    status: Mapped[str] = mapped_column(String(16))
    #: A reason, or what was changed, in words.
    note: Mapped[str] = mapped_column(Text, server_default="", default="")
