"""The stretch of time that a page is about, from its address; times there are local, as a form sends them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from falconbus.performance.dashboard import periods
from falconbus.performance.dashboard.errors import BadPeriod
from falconbus.performance.dashboard.periods import Period
from falconbus.platform.kit import clock

#: The usual periods as people read them.
LABELS = {"15m": "15 min", "1h": "1 h", "24h": "24 h", "7d": "7 d", "30d": "30 d"}
#: What of an address says the period, so that links keep it.
PARAMETERS = ("last", "from", "to")


@dataclass(frozen=True, slots=True)
class Picked:
    """A period, with its ends in the zone that the page tells times in."""

    period: Period
    begin: datetime
    end: datetime
    choices: tuple[tuple[str, str], ...] = tuple(LABELS.items())

    @property
    def is_own(self) -> bool:
        return self.period.last is None

    @property
    def parameters(self) -> dict[str, str]:
        """What an address says to mean this period."""
        if self.period.last:
            return {"last": self.period.last}
        return {"from": f"{self.begin:%Y-%m-%dT%H:%M}", "to": f"{self.end:%Y-%m-%dT%H:%M}"}


def pick(arguments: Mapping[str, str], time_zone: str) -> Picked:
    """From `?last=` or `?from=&to=` (local, or with an offset); BadPeriod says what to change."""
    begin, end = (read_local(arguments.get(name), name, time_zone) for name in ("from", "to"))
    last = arguments.get("last") or None
    if last not in {None, *LABELS}:
        raise BadPeriod(f"There is no such period. Choose one of {', '.join(LABELS)}, or an own range.", pointer="last")
    now = clock.now()
    # An own range counts for more: the form is sent from a page that may have been about a usual one.
    period = periods.period_of(begin=begin, end=end, last=None if begin or end else last, now=now)
    # A usual one is told as asked for, not as widened to whole rows.
    shown = (now - periods.LASTS[period.last], now) if period.last else (begin or period.begin, end or now)
    return Picked(period, clock.local(shown[0], time_zone), clock.local(shown[1], time_zone))


def read_local(value: str | None, name: str, time_zone: str) -> datetime | None:
    """A time as a form sends it, or with an offset; None for none, BadPeriod for what is no time."""
    if not value:
        return None
    try:
        at = datetime.fromisoformat(value)
        return clock.local(at if at.tzinfo else at.replace(tzinfo=ZoneInfo(time_zone)), time_zone)
    except (ValueError, OverflowError):
        words = f"\u201c{name}\u201d is not a date with a time. Write it as 2026-12-18T07:00."
        raise BadPeriod(words, pointer=name) from None
