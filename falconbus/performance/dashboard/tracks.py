"""Series over a period, by slot: the rows of the rollups and the newest minutes from Redis."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from falconbus.performance.dashboard.periods import Period
from falconbus.platform.database.engine import AnyRow
from falconbus.platform.telemetry import packing
from falconbus.platform.telemetry.minute_counts import Key, Minute, Series
from falconbus.platform.telemetry.recent_minutes import RecentMinutes

#: Counters of several rows, as one JSON array.
decode_counters = msgspec.json.Decoder(list[dict[str, int]]).decode


@dataclass(slots=True)
class Track:
    """One series: its counts in each slot that has any."""

    slots: dict[int, Series] = field(default_factory=dict)

    def total(self) -> Series:
        """Return all slots added up."""
        whole = Series()
        for series in self.slots.values():
            whole.merge(series)
        return whole

    def take(self, slot: int, series: Series) -> None:
        """Add to a slot. The first series given is kept as it is, not copied: most slots have one row."""
        own = self.slots.get(slot)
        if own is None:
            self.slots[slot] = series
        else:
            own.merge(series)

    def merge(self, other: "Track") -> None:
        """Add all slots of another track."""
        for slot, series in other.slots.items():
            self.take(slot, series)


def within(recent: RecentMinutes, period: Period) -> RecentMinutes:
    """Return only the minutes that lie in the period."""
    inside = [(minute, seen) for minute, seen in recent.minutes if period.begin <= minute < period.end]
    return RecentMinutes(inside, recent.is_complete)


def minutes_of(recent: RecentMinutes) -> set[datetime]:
    return {minute for minute, _ in recent.minutes}


def unrolled(recent: RecentMinutes, rows: Sequence[AnyRow]) -> RecentMinutes:
    """Return the minutes that these rows do not include yet, as the rows themselves say.

    Without a row nothing of these series is rolled up in the period, and nothing can be counted twice.
    """
    return recent.without(set(rows[0].rolled)) if rows else recent


def tracks(
    period: Period, rows: Iterable[AnyRow], recent: RecentMinutes, wanted: Callable[[Key], bool]
) -> Iterator[tuple[Key, Track]]:
    """Return tracks of rows of queries.chosen_series(), and of the newest minutes' series that are `wanted`."""
    by_key = newest(period, recent, wanted)
    for row in rows:
        key = tuple(row.key)
        histograms, counters = map(packing.unpack, row.histograms), decode_counters(row.counters)
        track = Track()
        for start, *figures in zip(row.starts, row.counts, row.totals, histograms, counters, strict=True):
            track.take(period.slot_of(start), Series(*figures))
        if key in by_key:
            track.merge(by_key.pop(key))
        yield key, track
    yield from by_key.items()


def newest(period: Period, recent: RecentMinutes, wanted: Callable[[Key], bool]) -> dict[Key, Track]:
    """Return tracks of the newest minutes' series that are `wanted`."""
    by_key: dict[Key, Track] = {}
    for minute, seen in recent.minutes:
        slot = period.slot_of(minute.timestamp())
        for key, series in seen.series.items():
            if wanted(key):
                # A copy: the same minute is read for several purposes.
                copied = Series(series.count, series.total_us, dict(series.buckets), dict(series.counters))
                by_key.setdefault(key, Track()).take(slot, copied)
    return by_key


def statements_in(recent: RecentMinutes) -> Iterable[tuple[Key, Series, Minute]]:
    """Yield the statements' series of the newest minutes, each with the minute that describes them."""
    for _, seen in recent.minutes:
        for key, series in seen.series.items():
            if key[0] == "statement":
                yield key, series, seen
