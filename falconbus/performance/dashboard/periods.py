"""The period that is shown, and its resolution."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from falconbus.performance.dashboard.errors import BadPeriod
from falconbus.performance.dashboard.figures import PeriodOut
from falconbus.platform.telemetry.models import KEPT, Resolution

LASTS = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
DEFAULT = "1h"
MOST_SLOTS = 150
#: The longest period that a resolution's rows are read for.
_READ_UP_TO = (
    (Resolution.MINUTE, timedelta(hours=2)),
    (Resolution.TEN_MINUTES, timedelta(hours=24)),
    (Resolution.HOUR, timedelta(days=5)),
)
#: Sums over a period are read from rows of the next coarser resolution, as far as those fill it.
_COARSER = {
    Resolution.MINUTE: Resolution.TEN_MINUTES,
    Resolution.TEN_MINUTES: Resolution.HOUR,
    Resolution.HOUR: Resolution.DAY,
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a period that the rows of one resolution sum up."""

    resolution: Resolution
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """Begin (inclusive) and end are whole rows of the resolution; a slot of the charts is one row or several."""

    begin: datetime
    end: datetime
    resolution: Resolution
    slot_seconds: int
    seconds: float
    last: str | None = None

    @property
    def slots(self) -> int:
        return -(-int((self.end - self.begin).total_seconds()) // self.slot_seconds)

    @property
    def hours(self) -> float:
        return self.seconds / 3600

    def slot_of(self, epoch: float) -> int:
        """Return the slot of a time in the period (epoch seconds)."""
        return int(epoch - self.begin.timestamp()) // self.slot_seconds

    def pieces(self) -> list[Piece]:
        """Return the period in as few rows as possible: all resolutions have the same sums, up to the same minute."""
        coarser = _COARSER.get(self.resolution)
        if coarser is None:
            return [Piece(self.resolution, self.begin, self.end)]
        first, last = -(-int(self.begin.timestamp()) // coarser), int(self.end.timestamp()) // coarser
        if first >= last:
            return [Piece(self.resolution, self.begin, self.end)]
        begin, end = (datetime.fromtimestamp(number * coarser, UTC) for number in (first, last))
        pieces = [
            Piece(self.resolution, self.begin, begin),
            Piece(coarser, begin, end),
            Piece(self.resolution, end, self.end),
        ]
        return [piece for piece in pieces if piece.begin < piece.end]

    def starts(self) -> list[datetime]:
        return [self.begin + timedelta(seconds=number * self.slot_seconds) for number in range(self.slots)]

    def seconds_of(self, slot: int) -> float:
        """Return how many seconds of a slot are over; the last one may have just begun."""
        return max(min(self.slot_seconds, self.seconds - slot * self.slot_seconds), 1.0)

    def out(self) -> PeriodOut:
        return PeriodOut(
            self.begin, self.end, self.last, int(self.resolution), self.slot_seconds, self.slots, round(self.seconds, 1)
        )


def period_of(
    *, now: datetime, begin: datetime | None = None, end: datetime | None = None, last: str | None = None
) -> Period:
    """Return the period asked for, by default the last hour; BadPeriod."""
    if begin is None and end is None:
        last = last or DEFAULT
        return _widened(now - LASTS[last], now, now, last)
    if last is not None:
        raise BadPeriod("give either `last` or `from` and `to`", pointer="last")
    if begin is None:
        raise BadPeriod("`to` needs a `from`", pointer="from")
    end = end or now
    if end <= begin:
        raise BadPeriod("`from` must be before `to`", pointer="from")
    if begin >= now:
        raise BadPeriod("the period is in the future", pointer="from")
    if begin < now - KEPT[Resolution.DAY]:
        raise BadPeriod(f"figures are kept for {KEPT[Resolution.DAY].days} days", pointer="from")
    return _widened(begin.astimezone(UTC), min(end, now).astimezone(UTC), now, None)


def _widened(begin: datetime, end: datetime, now: datetime, last: str | None) -> Period:
    resolution = _resolution(begin, end, now)
    first = int(begin.timestamp()) // resolution * resolution
    # Up to now means with the stretch that has begun, even in its first moment.
    last_second = int(end.timestamp()) if end >= now else int(end.timestamp()) - 1
    rows = max(last_second // resolution + 1 - first // resolution, 1)
    begin = datetime.fromtimestamp(first, UTC)
    end = datetime.fromtimestamp(first + rows * resolution, UTC)
    seconds = (min(end, now) - begin).total_seconds()
    return Period(begin, end, resolution, resolution * -(-rows // MOST_SLOTS), max(seconds, 1.0), last)


def _resolution(begin: datetime, end: datetime, now: datetime) -> Resolution:
    """Return the finest resolution whose rows are few enough and still kept at the begin."""
    for resolution, longest in _READ_UP_TO:
        if end - begin <= longest and begin >= now - KEPT[resolution]:
            return resolution
    return Resolution.DAY
