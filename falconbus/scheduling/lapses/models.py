"""Table of lapses."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model


class LapseKind(StrEnum):
    #: Of a departure or a charter: its bus is out of service.
    BUS_OUT_OF_SERVICE = "bus_out_of_service"
    #: Of a bus: it is due on two rides at a time.
    BUS_OVERLAP = "bus_overlap"
    #: Of a bus: it cannot get from where a ride ends to where the next one begins.
    BUS_TOO_FAR = "bus_too_far"
    #: Of somebody's ride: they cannot get there from where the one before ends.
    STAFF_TOO_FAR = "staff_too_far"
    #: Of a driver's ride: no licence holds to its end.
    LICENCE_EXPIRED = "licence_expired"
    #: Of somebody's ride: they are on leave.
    ON_LEAVE = "on_leave"
    #: Of a charter: its start has passed, and nobody has taken it.
    UNSERVED = "unserved"
    #: Of a charter: it should have ended two hours ago, and nobody has said that it is done.
    NOT_CLOSED = "not_closed"


#: Of which a bus has one at most, however many of its rides it is about.
OF_BUSES = frozenset({LapseKind.BUS_OVERLAP, LapseKind.BUS_TOO_FAR})
#: Those that come of two rides together, planned by timetables and feeds: looked for less often.
OF_PAIRS = OF_BUSES | {LapseKind.STAFF_TOO_FAR}


class Lapse(Model):
    """What does not hold of a ride, a person or a bus, since when the office knows of it; deleted when it holds again.

    Written by one periodic job, which compares what holds with what is here: who is told of a lapse is told once.
    """

    __tablename__ = "lapses"
    __table_args__ = (
        Index(
            "ix_lapses_subject",
            "kind", "staff_id", "bus_id", "appointment_id", "schedule_id",
            unique=True, postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    bus_id: Mapped[int | None] = mapped_column(ForeignKey("buses.id", ondelete="CASCADE"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id", ondelete="CASCADE"))
    #: No foreign key: departures are deleted by the thousand, and the next run deletes what is said of them.
    schedule_id: Mapped[int | None] = mapped_column(BigInteger)
    #: One line for the office, with names and times.
    detail: Mapped[str] = mapped_column(Text)
    found_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
