"""Tables of timetables and schedules. Minutes count from the first departure; days are the service days of GTFS."""

from datetime import date, datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
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
from falconbus.timetable.errors import AlreadyCancelled, Departed


class Calendar(Model):
    """The days on which timetables run: weekdays within a validity, and exceptions (GTFS calendar.txt)."""

    __tablename__ = "calendars"
    __table_args__ = (
        CheckConstraint("weekdays BETWEEN 0 AND 127", name="weekdays"),
        CheckConstraint("valid_until >= valid_from", name="validity"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: A bit for each weekday: Monday is 1, Sunday 64.
    weekdays: Mapped[int] = mapped_column(SmallInteger)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date] = mapped_column(Date)
    feed_key: Mapped[str | None] = mapped_column(String(300), unique=True)


class CalendarDate(Model):
    """One day on which a calendar runs although its rule says no, or the other way round (GTFS calendar_dates.txt)."""

    __tablename__ = "calendar_dates"

    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendars.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    runs: Mapped[bool] = mapped_column(Boolean)


class Timetable(Model):
    """The recurring rule that schedules are made from. The lists have one entry for each stop of the route.

    Once it has sold schedules it is not changed any more: a change retires it and makes another one.
    """

    __tablename__ = "timetables"
    __table_args__ = (
        CheckConstraint("departure_minutes >= 0 AND departure_minutes < 7 * 1440", name="departure_minutes"),
        CheckConstraint(
            "cardinality(arrivals) >= 2 AND cardinality(arrivals) = cardinality(departures)"
            " AND cardinality(arrivals) = cardinality(boards) AND cardinality(arrivals) = cardinality(alights)",
            name="lists",
        ),
        CheckConstraint("departures[1] = 0 AND arrivals[cardinality(arrivals)] > 0", name="minutes"),
        Index("ix_timetables_route", "route_id", "active"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    route_id: Mapped[int] = mapped_column(ForeignKey("routes.id"))
    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendars.id"), index=True)
    bus_id: Mapped[int] = mapped_column(ForeignKey("buses.id"), index=True)
    name: Mapped[str] = mapped_column(String(200), server_default="", default="")
    #: Local time of the first departure: minutes from noon less twelve hours; 1440 and more is the next day.
    departure_minutes: Mapped[int] = mapped_column(Integer)
    time_zone: Mapped[str] = mapped_column(String(64))
    arrivals: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    departures: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    boards: Mapped[list[bool]] = mapped_column(ARRAY(Boolean))
    alights: Mapped[list[bool]] = mapped_column(ARRAY(Boolean))
    #: False once retired: it makes no more schedules.
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"), default=True)
    #: `feed:trip_id:start`; None for one made by hand or retired.
    feed_key: Mapped[str | None] = mapped_column(String(300), unique=True)


class Schedule(Model):
    """One dated departure of a route by a bus. Instants are UTC, of the first departure and the last arrival."""

    __tablename__ = "schedules"
    __table_args__ = (
        CheckConstraint("arrival_time > departure_time", name="duration"),
        CheckConstraint("seats > 0", name="seats"),
        CheckConstraint(
            "cancelled_at IS NULL OR (NOT active AND cancellation_reason IS NOT NULL)",
            name="cancelled",
        ),
        UniqueConstraint("route_id", "bus_id", "departure_time"),
        Index("ix_schedules_departure", "departure_time"),
        Index("ix_schedules_route_departure", "route_id", "departure_time"),
        Index("ix_schedules_active_departure", "active", "departure_time"),
        Index("ix_schedules_seats", "seats"),
        Index("ix_schedules_timetable_departure", "timetable_id", "departure_time"),
        Index("ix_schedules_bus_departure", "bus_id", "departure_time"),
        Index("ix_schedules_untold", "id", postgresql_where=text("told_bus_number IS NOT NULL")),
        Index(
            "ix_schedules_cancelled",
            "route_id",
            "departure_time",
            postgresql_where=text("cancelled_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    route_id: Mapped[int] = mapped_column(ForeignKey("routes.id"))
    timetable_id: Mapped[int] = mapped_column(ForeignKey("timetables.id"))
    bus_id: Mapped[int] = mapped_column(ForeignKey("buses.id"))
    departure_time: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    arrival_time: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    #: The capacity of its bus.
    seats: Mapped[int] = mapped_column(SmallInteger)
    #: On sale. What was sold before stands.
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"), default=True)
    #: It does not run, for good, and why; what was sold of it was cancelled in the same transaction.
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancellation_reason: Mapped[str | None] = mapped_column(String(300))
    #: The coach that travellers were told of last. A trigger notes it when the bus or the times change; None once told.
    told_bus_number: Mapped[str | None] = mapped_column(String(32))
    #: Since when there is something to tell: who has booked later knows the coach.
    untold_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    def cancel(self, reason: str, *, at: datetime) -> None:
        """Take the departure off the road; Departed, AlreadyCancelled."""
        self.check_cancellable(at)
        self.active, self.cancelled_at, self.cancellation_reason = False, at, reason

    def check_cancellable(self, now: datetime) -> None:
        """Refuse a departure that has left or is cancelled already; Departed, AlreadyCancelled."""
        self.check_not_cancelled()
        if self.departure_time <= now:
            raise Departed

    def check_not_cancelled(self) -> None:
        """Refuse any change of a departure that does not run; AlreadyCancelled."""
        if self.cancelled_at is not None:
            raise AlreadyCancelled
