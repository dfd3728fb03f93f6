"""Rules on values: service days, minutes of calls, and seats that fit another bus."""

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
    """The service days of a timetable. `weekdays` is a bit mask, Monday is 1; exceptions take precedence."""

    weekdays: int
    valid_from: date
    valid_until: date
    exceptions: Mapping[date, bool]

    def runs_on(self, day: date) -> bool:
        by_rule = self.valid_from <= day <= self.valid_until and bool(self.weekdays & 1 << day.weekday())
        return self.exceptions.get(day, by_rule)


@dataclass(frozen=True, slots=True)
class Minutes:
    """Arrivals and departures in minutes from the first departure, and where one may board and alight, by stop."""

    arrivals: list[int]
    departures: list[int]
    boards: list[bool]
    alights: list[bool]


def weekday_mask(days: Iterable[str]) -> int:
    """Return the bit mask of weekdays: `["mon", "sun"]` -> 65."""
    return sum(1 << DAYS.index(day) for day in set(days))


def weekday_names(weekdays: int) -> list[str]:
    """Return the weekdays of a bit mask: 65 -> `["mon", "sun"]`."""
    return [day for number, day in enumerate(DAYS) if weekdays & 1 << number]


def parse_time(text: str) -> int:
    """Return the minutes of a time of day: `"07:30"` -> 450. Hours past 24 are after midnight of the service day."""
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def format_time(minutes: int) -> str:
    """Return minutes as a time of day: 450 -> `"07:30"`."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def service_day(departure: datetime, minutes: int, time_zone: str) -> date:
    """Return the service day of a departure `minutes` into it; the inverse of kit.clock.service_instant()."""
    noon = departure + timedelta(minutes=_HALF_A_DAY - minutes)
    return noon.astimezone(ZoneInfo(time_zone)).date()


def check_rule(rule: Rule) -> None:
    """Refuse a validity that ends before it begins; Invalid."""
    if rule.valid_until < rule.valid_from:
        raise Invalid("must not be before valid_from", pointer="/valid_until")


def check_minutes(minutes: Minutes, stops: int) -> None:
    """Check that there is an entry for each stop and times never fall; raise all faults at once."""
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
    """Tell whether each taken seat exists in another bus in the same fare class, given each bus's classes by seat."""
    return all(number in new_classes and new_classes[number] == old_classes.get(number) for number in taken)


def close_termini(boards: Sequence[bool], alights: Sequence[bool]) -> tuple[list[bool], list[bool]]:
    """Return where one may board and alight, without boarding at the last stop and alighting at the first."""
    return [*boards[:-1], False], [False, *alights[1:]]


def _fault(detail: str, pointer: str) -> FieldFault:
    return FieldFault(detail=detail, code="bad_minutes", pointer=pointer)
