"""Series over a period, by slot: rows of the rollups and the newest minutes from Redis, put together."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from falconbus.extensions import AnyRow
from falconbus.performance.dashboard.periods import Period
from falconbus.telemetry import histogram
from falconbus.telemetry.histogram import Buckets
from falconbus.telemetry.state import Key, Minute, Series
from falconbus.telemetry.tail import Tail

_histograms = msgspec.msgpack.Decoder(list[Buckets])
_counters = msgspec.json.Decoder(list[dict[str, int]])


@dataclass(slots=True)
class Track:
    """One series: what it has in each slot (those with something), and all of it together."""

    slots: dict[int, Series] = field(default_factory=dict)
    _total: Series | None = None

    @property
    def total(self) -> Series:
        if self._total is None:
            self._total = Series()
            for series in self.slots.values():
                self._total.merge(series)
        return self._total

    def take(self, slot: int, series: Series) -> None:
        """Add to a slot. What is given first is kept as it is, not copied: most slots have one row."""
        own = self.slots.get(slot)
        if own is None:
            self.slots[slot] = series
        else:
            own.merge(series)


Tracks = dict[Key, Track]


def within(tail: Tail, period: Period) -> Tail:
    """Only the minutes that lie in the period."""
    inside = [(minute, seen) for minute, seen in tail.minutes if period.begin <= minute < period.end]
    return Tail(inside, tail.is_complete)


def minutes_of(tail: Tail) -> set[datetime]:
    return {minute for minute, _ in tail.minutes}


def unrolled(tail: Tail, rows: Sequence[AnyRow]) -> Tail:
    """The minutes that are not in these rows yet, as the rows themselves say.

    Without a row nothing of these series is rolled up in the period, and nothing can be counted twice.
    """
    return tail.without(set(rows[0].rolled)) if rows else tail


def put_together(
    period: Period, rows: Iterable[AnyRow], tail: Tail, wanted: Callable[[Key], bool]
) -> Tracks:  # fmt: skip
    """Rows of queries.series_of(), and of the tail's minutes the series that are `wanted`."""
    tracks: Tracks = {}
    for row in rows:
        track = tracks[tuple(row.key)] = Track()
        histograms, counters = _histograms.decode(row.buckets), _counters.decode(row.counters)
        for start, *figures in zip(row.starts, row.counts, row.totals, histograms, counters, strict=True):
            track.take(period.slot_of(start), Series(*figures))
    for minute, seen in tail.minutes:
        slot = period.slot_of(minute.timestamp())
        for key, series in seen.series.items():
            if wanted(key):
                # A copy: the same minute is read for several purposes.
                tracks.setdefault(key, Track()).take(slot, _copy(series))
    return tracks


def together(tracks: Iterable[Track]) -> Track:
    """All series as one."""
    whole = Track()
    for track in tracks:
        for slot, series in track.slots.items():
            into = whole.slots.setdefault(slot, Series())
            into.merge(series)
    return whole


def statements_in(tail: Tail) -> Iterable[tuple[Key, Series, Minute]]:
    """The statements' series in the tail, each with the minute that describes them."""
    for _, seen in tail.minutes:
        for key, series in seen.series.items():
            if key[0] == "statement":
                yield key, series, seen


def p95(buckets: Buckets) -> float | None:
    """The 95th percentile in microseconds by the nearest rank, found from the slow end, where it is near."""
    left = sum(buckets.values()) // 20
    for bucket in sorted(buckets, reverse=True):
        left -= buckets[bucket]
        if left < 0:
            return histogram.value_of(bucket)
    return None


def _copy(series: Series) -> Series:
    return Series(series.count, series.total_us, dict(series.buckets), dict(series.counters))
