"""Table of assignments, and their state changes."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model
from falconbus.scheduling.assignments.errors import AlreadyAnswered


class CrewRole(StrEnum):
    """Role of a crew member on a ride; equals the role that their account needs for it."""

    DRIVER = "driver"
    ATTENDANT = "attendant"


class AssignmentStatus(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    #: A colleague has taken it over.
    HANDED_OVER = "handed_over"
    #: Taken back by the operator, or cancelled with the charter.
    WITHDRAWN = "withdrawn"


LIVE = frozenset({AssignmentStatus.OFFERED, AssignmentStatus.ACCEPTED})
_LIVE = "status IN ('offered','accepted')"


class Assignment(Model):
    """One person's work on a charter or a line schedule; on a line schedule it is accepted from the beginning.

    Two accepted assignments of a person never overlap: owner_time() gives each person their own range of integers, so
    that one exclusion constraint compares persons and times at once (docs/decisions/overlaps.md).
    """

    __tablename__ = "assignments"
    __table_args__ = (
        CheckConstraint("num_nonnulls(appointment_id, schedule_id) = 1", name="work"),
        CheckConstraint("part IN ('driver','attendant')", name="part"),
        CheckConstraint("status IN ('offered','accepted','rejected','handed_over','withdrawn')", name="status"),
        CheckConstraint("ends_at > starts_at", name="duration"),
        CheckConstraint("starts_at >= '1970-01-01 00:00+00' AND ends_at < '2106-01-01 00:00+00'", name="era"),
        ExcludeConstraint(
            (text("owner_time(staff_id, starts_at, ends_at)"), "&&"),
            name="ex_assignments_person",
            where=text("status = 'accepted'"),
            using="gist",
        ),
        Index("ix_assignments_staff_appointment", "staff_id", "appointment_id"),
        Index("ix_assignments_staff_time", "staff_id", "ends_at"),
        Index(
            "ix_assignments_lines", "ends_at",
            postgresql_where=text("schedule_id IS NOT NULL AND status = 'accepted'"),
        ),
        Index("ix_assignments_live", "starts_at", postgresql_where=text(_LIVE)),
        Index(
            "ix_assignments_unanswered", "answer_by",
            postgresql_where=text("status = 'offered' AND escalated_at IS NULL"),
        ),
        Index(
            "ix_assignments_appointment_person", "appointment_id", "staff_id", unique=True,
            postgresql_where=text(_LIVE),
        ),
        Index("ix_assignments_appointment", "appointment_id", "id"),
        Index(
            "ix_assignments_appointment_driver", "appointment_id", unique=True,
            postgresql_where=text("part = 'driver' AND status = 'accepted'"),
        ),
        Index(
            "ix_assignments_schedule_person", "schedule_id", "staff_id", unique=True,
            postgresql_where=text(_LIVE),
        ),
        Index(
            "ix_assignments_schedule_driver", "schedule_id", unique=True,
            postgresql_where=text("part = 'driver' AND status = 'accepted'"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    schedule_id: Mapped[int | None] = mapped_column(ForeignKey("schedules.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    part: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    #: Copied from the charter or the schedule.
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    #: Where the ride begins and ends, copied with the times; None where that is no stop. No foreign key: they may go.
    origin_stop_id: Mapped[int | None] = mapped_column(Integer)
    destination_stop_id: Mapped[int | None] = mapped_column(Integer)
    offered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    #: The operator is notified when there is no answer by then; None where none is asked for.
    answer_by: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    escalated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: Of a departure: the bus and the sale state of the last notice to this person. No foreign key: the bus may go.
    told_bus_id: Mapped[int | None] = mapped_column(Integer)
    told_active: Mapped[bool | None] = mapped_column(Boolean)
    #: Why it was rejected.
    reason: Mapped[str | None] = mapped_column(Text)
    #: The assignment that ends when this one is accepted: somebody hands it over, and has it until then.
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("assignments.id"))

    def accept(self, *, at: datetime) -> None:
        """Accept the offer; AlreadyAnswered unless it is offered."""
        if self.status != AssignmentStatus.OFFERED:
            raise AlreadyAnswered(f"this was {_STATUS_TEXTS[self.status]} before")
        self.status, self.answered_at = AssignmentStatus.ACCEPTED, at

    def offer_again(self, *, at: datetime, answer_by: datetime) -> None:
        """Ask again after the charter has changed; AlreadyAnswered unless it is accepted."""
        if self.status != AssignmentStatus.ACCEPTED:
            raise AlreadyAnswered(f"this was {_STATUS_TEXTS[self.status]} before")
        self.status, self.offered_at, self.answer_by = AssignmentStatus.OFFERED, at, answer_by
        self.answered_at = self.escalated_at = None

    def reject(self, reason: str, *, at: datetime) -> None:
        """Reject it, also after it was accepted (people fall ill); AlreadyAnswered when it has ended."""
        self._end(AssignmentStatus.REJECTED, at)
        self.reason = reason

    def hand_over(self, *, at: datetime) -> None:
        """End it because a colleague has accepted it instead; AlreadyAnswered when it has ended."""
        self._end(AssignmentStatus.HANDED_OVER, at)

    def withdraw(self, *, at: datetime) -> None:
        """Take it back; AlreadyAnswered when it has ended."""
        self._end(AssignmentStatus.WITHDRAWN, at)

    def _end(self, status: AssignmentStatus, at: datetime) -> None:
        if self.status not in LIVE:
            raise AlreadyAnswered(f"this was {_STATUS_TEXTS[self.status]} before")
        self.status, self.answered_at = status, at


_STATUS_TEXTS: dict[str, str] = {
    AssignmentStatus.OFFERED: "offered",
    AssignmentStatus.ACCEPTED: "accepted",
    AssignmentStatus.REJECTED: "rejected",
    AssignmentStatus.HANDED_OVER: "handed over",
    AssignmentStatus.WITHDRAWN: "taken back",
}
