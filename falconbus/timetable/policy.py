"""Rules on values: on which days a timetable runs, what its minutes must be, and whether seats fit another bus."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from falconbus.platform.kit.errors import Invalid
from falconbus.platform.web.problems import FieldFault, InvalidInput

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HALF_A_DAY = 12 * 60


@dataclass(frozen=True, slots=True)
class Rule:
    """The service days of a timetable; `weekdays` has a bit a day, Monday is 1. Exceptions go before the rest."""

    weekdays: int
    valid_from: date
    valid_until: date
    exceptions: Mapping[date, bool]

    def runs_on(self, day: date) -> bool:
        by_rule = self.valid_from <= day <= self.valid_until and bool(self.weekdays & 1 << day.weekday())
        return self.exceptions.get(day, by_rule)


@dataclass(frozen=True, slots=True)
class Minutes:
    """Minutes from the first departure, and where one may board and alight, one entry for each stop of the route."""

    arrivals: list[int]
    departures: list[int]
    boards: list[bool]
    alights: list[bool]


def weekday_mask(days: Iterable[str]) -> int:
    """`["mon", "sun"]` -> 65."""
    return sum(1 << DAYS.index(day) for day in set(days))


def weekday_names(weekdays: int) -> list[str]:
    """65 -> `["mon", "sun"]`."""
    return [day for number, day in enumerate(DAYS) if weekdays & 1 << number]


def parse_time(text: str) -> int:
    """`"07:30"` -> 450; hours go past 24 for a coach that leaves after midnight of its service day."""
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def format_time(minutes: int) -> str:
    """450 -> `"07:30"`."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def service_day(departure: datetime, minutes: int, time_zone: str) -> date:
    """The day whose departure at so many minutes is this instant; the inverse of kit.clock.service_instant()."""
    noon = departure + timedelta(minutes=_HALF_A_DAY - minutes)
    return noon.astimezone(ZoneInfo(time_zone)).date()


def check_rule(rule: Rule) -> None:
    """The validity does not end before it begins."""
    if rule.valid_until < rule.valid_from:
        raise Invalid("must not be before valid_from", pointer="/valid_until")


def check_minutes(minutes: Minutes, stops: int) -> None:
    """An entry for each stop, in the order of time; every fault at once."""
    if len(minutes.arrivals) != stops:
        raise Invalid(f"the route has {stops} stops", pointer="/stops")
    faults = []
    if minutes.departures[0] != 0:
        faults.append(_fault("minutes count from the first departure, which is 0", "/stops/0/departure"))
    for number, (arrival, departure) in enumerate(zip(minutes.arrivals, minutes.departures, strict=True)):
        if departure < arrival:
            faults.append(_fault("must not be before the arrival", f"/stops/{number}/departure"))
        if number > 0 and arrival <= minutes.departures[number - 1]:
            faults.append(_fault("must be after the departure before", f"/stops/{number}/arrival"))
    if faults:
        raise InvalidInput(faults)


def seats_fit(taken: Collection[str], old_classes: Mapping[str, int], new_classes: Mapping[str, int]) -> bool:
    """Whether each taken seat exists on another bus in the same fare class; the maps give each seat's class."""
    return all(number in new_classes and new_classes[number] == old_classes.get(number) for number in taken)


def close_termini(boards: Sequence[bool], alights: Sequence[bool]) -> tuple[list[bool], list[bool]]:
    """Nobody alights where the coach begins, or boards where it ends."""
    return [*boards[:-1], False], [False, *alights[1:]]


def _fault(detail: str, pointer: str) -> FieldFault:
    return FieldFault(detail=detail, code="bad_minutes", pointer=pointer)
