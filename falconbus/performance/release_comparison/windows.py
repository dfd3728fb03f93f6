"""The windows of time that are compared: settled minutes, and a baseline as similar to the candidate as possible."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from falconbus.performance.release_comparison.errors import BadSide
from falconbus.performance.release_comparison.results import Side
from falconbus.platform.telemetry.models import KEPT, Resolution

#: A release's first minutes pay for cold caches and unplanned statements.
WARM_UP = timedelta(minutes=2)
#: The longest part of a candidate that is compared: its last day.
MAX_CANDIDATE = timedelta(days=1)
#: The least length of a baseline without the same time of day: more minutes give smaller errors.
_MIN_BASELINE = timedelta(hours=2)
_MAX_RANGE = KEPT[Resolution.TEN_MINUTES]
_MAX_TIME_OF_DAY_SHIFT = timedelta(hours=2)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """An interval from begin (inclusive) to end."""

    begin: datetime
    end: datetime

    def back(self, days: int) -> "Window":
        return Window(self.begin - days * _DAY, self.end - days * _DAY)

    def lies_in(self, other: "Window") -> bool:
        return other.begin <= self.begin and self.end <= other.end


def check_side(side: Side, pointer: str) -> None:
    """Raise BadSide unless the side is a release, or a stretch of time in order and not too long."""
    if side.release is not None:
        if side.begin is not None or side.end is not None:
            raise BadSide("give a release, or from and to, not both", pointer=pointer)
        return
    if side.begin is None or side.end is None:
        raise BadSide("give a release, or both from and to", pointer=pointer)
    if side.begin >= side.end:
        raise BadSide("from must come before to", pointer=f"{pointer}/from")
    if side.end - side.begin > _MAX_RANGE:
        raise BadSide(f"is longer than {_MAX_RANGE.days} days, all that is kept", pointer=pointer)


def check_differ(baseline: Side, candidate: Side) -> None:
    """Raise BadSide when both sides are the same."""
    if baseline == candidate:
        raise BadSide("is the same as the baseline: nothing can have changed", pointer="/candidate")


def settled_window(first: datetime, last: datetime) -> Window:
    """Return a release's window without its warm-up, from the begins of its first and last minute.

    The window of a release that ran too shortly is empty.
    """
    end = last + timedelta(minutes=1)
    return Window(min(first + WARM_UP, end), end)


def candidate_window(settled: Window) -> Window:
    """Return the part of a candidate's settled window that is compared: its last day."""
    return Window(max(settled.begin, settled.end - MAX_CANDIDATE), settled.end)


def matching_window(window: Window, settled: Window) -> tuple[Window, str]:
    """Return the part of the baseline's settled window that is most similar to `window`, and a note about it.

    The same time of day on one of the days before, when the baseline ran then, since traffic and neighbours follow the
    clock; else the baseline's last minutes, which are the nearest.
    """
    for days in range(1, KEPT[Resolution.MINUTE].days):
        if window.back(days).lies_in(settled):
            return window.back(days), f"the baseline is taken at the same time of day, {days} day(s) before"
    length = max(window.end - window.begin, _MIN_BASELINE)
    return Window(max(settled.begin, settled.end - length), settled.end), "the baseline is taken from its last minutes"


def resolution(window: Window, now: datetime) -> Resolution:
    """Return minutes as long as they are kept, else ten minutes."""
    return Resolution.MINUTE if window.begin >= now - KEPT[Resolution.MINUTE] else Resolution.TEN_MINUTES


def comparability_warning(before: Window, after: Window) -> str | None:
    """Return what other than the code may differ between the windows; None when nothing is known."""
    if before.begin < after.end and after.begin < before.end:
        return "the two stretches overlap: what both hold makes them look alike"
    middles = [(window.begin + (window.end - window.begin) / 2).timestamp() % 86400 for window in (before, after)]
    apart = abs(middles[0] - middles[1])
    shorter_than_a_day = max(before.end - before.begin, after.end - after.begin) < _DAY
    if shorter_than_a_day and min(apart, 86400 - apart) > _MAX_TIME_OF_DAY_SHIFT.total_seconds():
        return "the two stretches lie at different times of day: part of a change may be the day's"
    return None
