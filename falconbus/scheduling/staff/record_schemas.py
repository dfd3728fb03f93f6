"""Request and response schemas of staff records: licences, working hours, leave."""

from datetime import date, datetime
from typing import Annotated

import msgspec
from pydantic import Field, StringConstraints

from falconbus.platform.database.engine import AnyRow
from falconbus.platform.kit import clock
from falconbus.platform.kit.fields import Day
from falconbus.platform.kit.schema import Body, OneLine
from falconbus.scheduling.staff.leaves import NewLeave
from falconbus.scheduling.staff_records.models import Leave, Licence, WorkingHours
from falconbus.scheduling.staff_records.policy import WorkingInterval

_DAY = 1440

#: "08:00".
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"), Field(examples=["08:00"])]
Word = Annotated[OneLine, StringConstraints(max_length=32)]


class NewLicence(Body):
    """A licence; its kind is such as EC or PrDP."""

    kind: Annotated[Word, Field(examples=["PrDP"])]
    number: Annotated[OneLine, StringConstraints(max_length=64), Field(examples=["60450001AB12"])]
    expires_on: Day


class HoursIn(Body):
    """A stretch of a weekday (Monday is 1); one that ends when it begins, or earlier, ends on the next day."""

    weekday: Annotated[int, Field(ge=1, le=7)]
    begins: TimeOfDay
    ends: TimeOfDay

    def interval(self) -> WorkingInterval:
        begins, ends = _minutes(self.begins), _minutes(self.ends)
        return WorkingInterval(self.weekday, begins, ends if ends > begins else ends + _DAY)


class Week(Body):
    """The whole of a person's working hours; an empty list: they are asked at any time."""

    hours: Annotated[list[HoursIn], Field(max_length=100)]


class NewLeaveIn(Body):
    """Days on which somebody does not work, both included."""

    first_day: Day
    last_day: Day
    kind: Annotated[Word, Field(examples=["sick"])]


class LicenceOut(msgspec.Struct):
    """A licence and its last day."""

    id: int
    kind: str
    number: str
    expires_on: date

    @classmethod
    def of(cls, licence: Licence) -> "LicenceOut":
        return cls(licence.id, licence.kind, licence.number, licence.expires_on)


class HoursOut(msgspec.Struct):
    """A stretch of a weekday; one that ends when it begins, or earlier, ends on the next day."""

    weekday: int
    begins: str
    ends: str

    @classmethod
    def of(cls, hours: WorkingHours) -> "HoursOut":
        return cls(hours.weekday, _time_text(hours.begins_minute), _time_text(hours.ends_minute))


class LeaveOut(msgspec.Struct):
    """Days of leave, both included."""

    id: int
    first_day: date
    last_day: date
    kind: str

    @classmethod
    def of(cls, leave: Leave) -> "LeaveOut":
        return cls(leave.id, leave.first_day, leave.last_day, leave.kind)


class DutyOut(msgspec.Struct):
    """An accepted duty: a charter by its reference, or a line schedule by its key; in the zone where it begins."""

    kind: str
    reference: str | None
    schedule_id: int | None
    part: str
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, row: AnyRow) -> "DutyOut":
        begins, ends = clock.local(row.starts_at, row.time_zone), clock.local(row.ends_at, row.time_zone)
        return cls(kind_of(row.reference), row.reference, row.schedule_id, row.part, begins, ends)


class WeekOut(msgspec.Struct):
    """A person's working hours, and the accepted duties to come that are outside them."""

    hours: list[HoursOut]
    duties: list[DutyOut]


class NewLeaveOut(LeaveOut):
    """A leave that was noted, and the duties of its days that need somebody else now."""

    duties: list[DutyOut] = []

    @classmethod
    def made(cls, new_leave: NewLeave) -> "NewLeaveOut":
        leave = new_leave.leave
        return cls(leave.id, leave.first_day, leave.last_day, leave.kind, [DutyOut.of(row) for row in new_leave.duties])


def kind_of(reference: str | None) -> str:
    """Return the kind of a duty: `charter` if it has a reference, else `schedule`."""
    return "schedule" if reference is None else "charter"


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _time_text(minutes: int) -> str:
    hours, minute = divmod(minutes % _DAY, 60)
    return f"{hours:02}:{minute:02}"
