"""Request and response schemas of rosters."""

from datetime import date, datetime, timedelta
from typing import Annotated, Self

import msgspec
from pydantic import AfterValidator, Field

from falconbus.platform.kit.schema import Body, Query, Secret
from falconbus.scheduling.rosters.duties import Duty
from falconbus.scheduling.rosters.policy import Week
from falconbus.scheduling.rosters.service import Day, Hours, Roster

_DAY = 1440


def _week(text: str) -> str:
    Week.read(text)
    return text


class RosterQuery(Query):
    """A week of ISO 8601 such as 2026-W48; the present one unless said."""

    week: Annotated[str, AfterValidator(_week), Field(examples=["2026-W48"])] | None = None

    @property
    def chosen(self) -> Week | None:
        return None if self.week is None else Week.read(self.week)


class NewAddress(Body):
    """Nothing has to be said: `{}`."""


class CalendarAddress(msgspec.Struct):
    """The secret address of a calendar: whoever has it reads the duties."""

    url: Secret


class RosterPerson(msgspec.Struct):
    """Whose roster it is."""

    id: int
    name: str


class RosterHours(msgspec.Struct):
    """A stretch of the day, such as 08:00 to 16:30; one that ends when it begins, or earlier, ends on the next day."""

    begins: str
    ends: str

    @classmethod
    def of(cls, hours: Hours) -> Self:
        return cls(_time_text(hours.begins), _time_text(hours.ends))


class RosterClient(msgspec.Struct):
    """Who has asked for a charter."""

    name: str
    phone: str | None


class RosterDuty(msgspec.Struct):
    """A part in a charter (`reference`) or a departure (`schedule_id`); its times are local to where it begins."""

    kind: str
    reference: str | None
    schedule_id: int | None
    part: str
    status: str
    start: datetime
    end: datetime
    title: str
    bus: str | None
    colleagues: list[str]
    client: RosterClient | None

    @classmethod
    def of(cls, duty: Duty) -> Self:
        client = None if duty.client_name is None else RosterClient(duty.client_name, duty.client_phone)
        return cls(
            kind="charter" if duty.is_charter else "schedule",
            reference=duty.reference,
            schedule_id=duty.schedule_id,
            part=duty.part,
            status=duty.status,
            start=duty.begins,
            end=duty.ends,
            title=duty.title,
            bus=duty.bus_number,
            colleagues=list(duty.colleagues),
            client=client,
        )


class RosterDay(msgspec.Struct):
    """A day in the office's time zone. On leave nobody has hours; a duty past midnight is on the day it begins."""

    date: date
    leave: str | None
    hours: list[RosterHours]
    duties: list[RosterDuty]

    @classmethod
    def of(cls, day: Day) -> Self:
        return cls(
            day.date,
            day.leave,
            [RosterHours.of(hours) for hours in day.hours],
            [RosterDuty.of(duty) for duty in day.duties],
        )


class RosterOut(msgspec.Struct):
    """A person's week, Monday to Sunday; the totals are hours of the accepted duties that begin in it."""

    person: RosterPerson
    week: str
    days: list[RosterDay]
    driving_hours: float
    working_hours: float
    previous_week: str
    next_week: str

    @classmethod
    def of(cls, roster: Roster, address: str) -> Self:
        """Return the response; `address` is the roster's own, without a week."""
        return cls(
            person=RosterPerson(roster.staff_id, roster.name),
            week=str(roster.week),
            days=[RosterDay.of(day) for day in roster.days],
            driving_hours=_hours(roster.driving),
            working_hours=_hours(roster.working),
            previous_week=f"{address}?week={roster.week.previous}",
            next_week=f"{address}?week={roster.week.next}",
        )


def _hours(time: timedelta) -> float:
    return round(time / timedelta(hours=1), 2)


def _time_text(minutes: int) -> str:
    return "{:02}:{:02}".format(*divmod(minutes % _DAY, 60))
