"""Tables of staff records; names, e-mails and roles are in their accounts."""

from datetime import date

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model


class StaffProfile(Model):
    """Contact and preferences of a member of the staff; without a row the defaults hold."""

    __tablename__ = "staff_profiles"

    staff_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    phone: Mapped[str | None] = mapped_column(String(32))
    #: Whether notifications go out by mail, too.
    wants_mail: Mapped[bool] = mapped_column(Boolean, server_default=text("true"), default=True)
    #: Number of the calendar's secret address: a new one revokes the old.
    calendar_number: Mapped[int] = mapped_column(Integer, server_default="1", default=1)


class Licence(Model):
    """A driving licence and its last valid day; a renewed one stays beside its successor."""

    __tablename__ = "licences"
    __table_args__ = (UniqueConstraint("staff_id", "kind", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    #: Such as EC or PrDP.
    kind: Mapped[str] = mapped_column(String(32))
    number: Mapped[str] = mapped_column(String(64))
    #: Its last day.
    expires_on: Mapped[date] = mapped_column(Date)


class WorkingHours(Model):
    """Working hours of a weekday in minutes from midnight, in the office's time zone; past 1440 is the next day."""

    __tablename__ = "working_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        CheckConstraint("begins_minute BETWEEN 0 AND 1439", name="begins"),
        CheckConstraint("ends_minute > begins_minute AND ends_minute <= 2880", name="ends"),
    )

    staff_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    #: ISO 8601: Monday is 1, Sunday 7.
    weekday: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    begins_minute: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    ends_minute: Mapped[int] = mapped_column(SmallInteger)


class Leave(Model):
    """Days on which somebody does not work, both included, in the office's time zone."""

    __tablename__ = "leaves"
    __table_args__ = (
        CheckConstraint("last_day >= first_day", name="days"),
        Index("ix_leaves_staff", "staff_id", "last_day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    #: Such as "annual" or "sick".
    kind: Mapped[str] = mapped_column(String(32))
