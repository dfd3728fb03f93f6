"""Shapes of requests and answers about timetables and single departures."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

import msgspec
from pydantic import AfterValidator, Field, StringConstraints

from falconbus.platform.database.engine import AnyRow
from falconbus.platform.database.pagination import PageQuery
from falconbus.platform.kit import clock
from falconbus.platform.kit.fields import Change, Key, Text, Zone, left_out
from falconbus.platform.kit.schema import Body
from falconbus.timetable import policy
from falconbus.timetable.change_propagation import Effect
from falconbus.timetable.policy import Minutes, Rule
from falconbus.timetable.queries import TimetableDetail

#: Far enough for any timetable, and within what arithmetic on dates can do.
ServiceDay = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2200, 12, 31))]
#: "07:30"; hours up to 47 for a coach that leaves after midnight of its service day.
DepartureTime = Annotated[
    str, StringConstraints(pattern=r"^([0-3][0-9]|4[0-7]):[0-5][0-9]$"), Field(examples=["07:30"])
]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Days = Annotated[list[Day], Field(max_length=7)]
Minute = Annotated[int, Field(ge=0, le=7 * 1440)]
TimetableName = Annotated[Text, StringConstraints(max_length=200)]


class RunException(Body):
    """A day on which the timetable runs although its rule says no, or the other way round."""

    day: ServiceDay
    runs: bool


def _check_days_unique(exceptions: list[RunException]) -> list[RunException]:
    if len({exception.day for exception in exceptions}) < len(exceptions):
        raise ValueError("names a day twice")
    return exceptions


Exceptions = Annotated[list[RunException], Field(max_length=1000), AfterValidator(_check_days_unique)]


class CallMinutes(Body):
    """A stop of the route: minutes from the first departure, and whether one may board and alight there."""

    arrival: Minute
    departure: Minute
    boards: bool = True
    alights: bool = True


CallTimes = Annotated[list[CallMinutes], Field(min_length=2, max_length=200)]


class NewTimetable(Body):
    """A timetable to be made; `time_zone` is by default that of the route's first stop."""

    route_id: Key
    bus_id: Key
    name: TimetableName = ""
    departure_time: DepartureTime
    time_zone: Zone | None = None
    days: Days
    valid_from: ServiceDay
    valid_until: ServiceDay
    exceptions: Exceptions = Field(default_factory=list)
    stops: CallTimes

    def rule(self) -> Rule:
        return Rule(
            policy.weekday_mask(self.days), self.valid_from, self.valid_until, _exceptions_by_day(self.exceptions)
        )

    def minutes(self) -> Minutes:
        return _minutes(self.stops)


class TimetableChange(Change):
    """A timetable's new sides; minutes and time of day change only while nothing to come is booked."""

    bus_id: Key = Field(default_factory=left_out)
    name: TimetableName = Field(default_factory=left_out)
    departure_time: DepartureTime = Field(default_factory=left_out)
    time_zone: Zone = Field(default_factory=left_out)
    days: Days = Field(default_factory=left_out)
    valid_from: ServiceDay = Field(default_factory=left_out)
    valid_until: ServiceDay = Field(default_factory=left_out)
    exceptions: Exceptions = Field(default_factory=left_out)
    stops: CallTimes = Field(default_factory=left_out)
    active: bool = Field(default_factory=left_out)

    def changes(self) -> dict[str, Any]:
        """Return the given values by column name."""
        plain = {"bus_id", "name", "time_zone", "valid_from", "valid_until", "active"}
        changes = self.model_dump(include=plain & self.model_fields_set)
        if "departure_time" in self.model_fields_set:
            changes["departure_minutes"] = policy.parse_time(self.departure_time)
        if "days" in self.model_fields_set:
            changes["weekdays"] = policy.weekday_mask(self.days)
        if "exceptions" in self.model_fields_set:
            changes["exceptions"] = _exceptions_by_day(self.exceptions)
        return changes

    def minutes(self) -> Minutes | None:
        return _minutes(self.stops) if "stops" in self.model_fields_set else None


class NewSchedule(Body):
    """A departure to be put on: an extra coach, or a day outside the timetable's rule."""

    timetable_id: Key
    bus_id: Key
    date: ServiceDay


class ScheduleChange(Change):
    """A departure's new sides."""

    bus_id: Key = Field(default_factory=left_out)
    active: bool = Field(default_factory=left_out)


class TimetablesQuery(PageQuery):
    """Timetables, of one route if asked."""

    route: Key | None = None


class DeparturesQuery(PageQuery):
    """Local dates at the origin, both included; a week from today unless said."""

    begin: ServiceDay | None = Field(default=None, alias="from")
    to: ServiceDay | None = None


class ExceptionOut(msgspec.Struct):
    """A day that goes against the rule."""

    day: date
    runs: bool


class TimetableStopOut(msgspec.Struct):
    """A stop of the route: minutes from the first departure, and whether one may board and alight there."""

    code: str
    arrival: int
    departure: int
    boards: bool
    alights: bool


class DeparturesEffect(msgspec.Struct):
    """What a change did to departures to come.

    `removed` were never booked; `stopped` are booked, and not sold any more; `kept_bus` could not take the new bus.
    """

    made: int
    removed: int
    stopped: int
    resumed: int
    kept_bus: int

    @classmethod
    def of(cls, effect: Effect) -> Self:
        return cls(effect.made, effect.removed, effect.stopped, effect.resumed, effect.kept_bus)


class TimetableRow(msgspec.Struct):
    """A timetable in a list."""

    id: int
    route_id: int
    bus_number: str
    departure_time: str
    days: list[str]
    valid_from: date
    valid_until: date
    active: bool

    @classmethod
    def of(cls, row: AnyRow) -> Self:
        return cls(
            id=row.id,
            route_id=row.route_id,
            bus_number=row.bus_number,
            departure_time=policy.format_time(row.departure_minutes),
            days=policy.weekday_names(row.weekdays),
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            active=row.active,
        )


class TimetableOut(msgspec.Struct, omit_defaults=True):
    """A timetable; `schedules` is there after a change, and counts what it did to departures to come."""

    id: int
    route_id: int
    bus_id: int
    bus_number: str
    name: str
    departure_time: str
    time_zone: str
    days: list[str]
    valid_from: date
    valid_until: date
    exceptions: list[ExceptionOut]
    stops: list[TimetableStopOut]
    active: bool
    schedules: DeparturesEffect | None = None

    @classmethod
    def of(cls, detail: TimetableDetail, effect: Effect | None = None) -> Self:
        timetable, rule = detail.timetable, detail.rule
        minutes = (timetable.arrivals, timetable.departures, timetable.boards, timetable.alights)
        return cls(
            id=timetable.id,
            route_id=timetable.route_id,
            bus_id=timetable.bus_id,
            bus_number=detail.bus_number,
            name=timetable.name,
            departure_time=policy.format_time(timetable.departure_minutes),
            time_zone=timetable.time_zone,
            days=policy.weekday_names(rule.weekdays),
            valid_from=rule.valid_from,
            valid_until=rule.valid_until,
            exceptions=[ExceptionOut(day, runs) for day, runs in sorted(rule.exceptions.items())],
            stops=[TimetableStopOut(*call) for call in zip(detail.codes, *minutes, strict=True)],
            active=timetable.active,
            schedules=None if effect is None else DeparturesEffect.of(effect),
        )


class DepartureOut(msgspec.Struct):
    """A dated departure as the staff see it; times have the offset of the origin, `taken` counts seats on any leg.

    `cancelled_at` and `cancellation_reason` of one that does not run, which is not `active` either.
    """

    id: int
    timetable_id: int
    departure_time: datetime
    arrival_time: datetime
    bus_number: str
    seats: int
    taken: int
    active: bool
    cancelled_at: datetime | None
    cancellation_reason: str | None

    @classmethod
    def of(cls, row: AnyRow) -> Self:
        return cls(
            id=row.id,
            timetable_id=row.timetable_id,
            departure_time=clock.local(row.departure_time, row.time_zone),
            arrival_time=clock.local(row.arrival_time, row.time_zone),
            bus_number=row.bus_number,
            seats=row.seats,
            taken=row.taken,
            active=row.active,
            cancelled_at=row.cancelled_at and clock.local(row.cancelled_at, row.time_zone),
            cancellation_reason=row.cancellation_reason,
        )


def _exceptions_by_day(exceptions: list[RunException]) -> dict[date, bool]:
    return {exception.day: exception.runs for exception in exceptions}


def _minutes(stops: list[CallMinutes]) -> Minutes:
    return Minutes(
        arrivals=[stop.arrival for stop in stops],
        departures=[stop.departure for stop in stops],
        boards=[stop.boards for stop in stops],
        alights=[stop.alights for stop in stops],
    )
