"""Which minutes of a release are compared: settled ones, and of the older release those most like the newer one's."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from falconbus.performance.release_comparison.errors import BadSide
from falconbus.performance.release_comparison.results import Side
from falconbus.platform.telemetry.models import KEPT, Resolution

#: A release's first minutes pay for cold caches and unplanned statements.
WARM_UP = timedelta(minutes=2)
#: Of a release that has run for longer, its last day is compared.
LONGEST = timedelta(days=1)
#: What is taken of the baseline at least, when there is no like time of day: more minutes, surer figures.
_AT_LEAST = timedelta(hours=2)
_LONGEST_RANGE = KEPT[Resolution.TEN_MINUTES]
_APART = timedelta(hours=2)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """From begin (inclusive) to end."""

    begin: datetime
    end: datetime

    def back(self, days: int) -> "Window":
        return Window(self.begin - days * _DAY, self.end - days * _DAY)

    def lies_in(self, other: "Window") -> bool:
        return other.begin <= self.begin and self.end <= other.end


def check_side(side: Side, pointer: str) -> None:
    """BadSide unless it is a release, or a stretch of time with its ends in order and not too far apart."""
    if side.release is not None:
        if side.begin is not None or side.end is not None:
            raise BadSide("give a release, or from and to, not both", pointer=pointer)
        return
    if side.begin is None or side.end is None:
        raise BadSide("give a release, or both from and to", pointer=pointer)
    if side.begin >= side.end:
        raise BadSide("from must come before to", pointer=f"{pointer}/from")
    if side.end - side.begin > _LONGEST_RANGE:
        raise BadSide(f"is longer than {_LONGEST_RANGE.days} days, all that is kept", pointer=pointer)


def check_differ(baseline: Side, candidate: Side) -> None:
    """BadSide when there is nothing to compare."""
    if baseline == candidate:
        raise BadSide("is the same as the baseline: nothing can have changed", pointer="/candidate")


def life_of(first: datetime, last: datetime) -> Window:
    """The settled minutes of a release whose first and last minutes began then; of one that ran too shortly, none."""
    end = last + timedelta(minutes=1)
    return Window(min(first + WARM_UP, end), end)


def last_day(life: Window) -> Window:
    """What is compared of a candidate."""
    return Window(max(life.begin, life.end - LONGEST), life.end)


def like(window: Window, life: Window) -> tuple[Window, str]:
    """What of a baseline's life is most like a candidate's window, with a note that says it.

    The same time of day on one of the days before, when the baseline ran then, since traffic and neighbours follow the
    clock; else the baseline's last minutes, which are the nearest.
    """
    for days in range(1, KEPT[Resolution.MINUTE].days):
        if window.back(days).lies_in(life):
            return window.back(days), f"the baseline is taken at the same time of day, {days} day(s) before"
    length = max(window.end - window.begin, _AT_LEAST)
    return Window(max(life.begin, life.end - length), life.end), "the baseline is taken from its last minutes"


def resolution(window: Window, now: datetime) -> Resolution:
    """Minutes as long as they are kept."""
    return Resolution.MINUTE if window.begin >= now - KEPT[Resolution.MINUTE] else Resolution.TEN_MINUTES


def caution(before: Window, after: Window) -> str | None:
    """What else than the code may differ between the two."""
    if before.begin < after.end and after.begin < before.end:
        return "the two stretches overlap: what both hold makes them look alike"
    middles = [(window.begin + (window.end - window.begin) / 2).timestamp() % 86400 for window in (before, after)]
    apart = abs(middles[0] - middles[1])
    shorter_than_a_day = max(before.end - before.begin, after.end - after.begin) < _DAY
    if shorter_than_a_day and min(apart, 86400 - apart) > _APART.total_seconds():
        return "the two stretches lie at different times of day: part of a change may be the day's"
    return None
