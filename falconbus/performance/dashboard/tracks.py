"""Series over a period, by slot: rows of the rollups and the newest minutes from Redis, put together."""

from collections.abc import Callable, Iterable, Iterator, Sequence
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
#: More buckets than any duration needs: the last one is thousands of years.
_FLAT = 1024
_counters = msgspec.json.Decoder(list[dict[str, int]])


@dataclass(slots=True)
class Track:
    """One series: what it has in each slot (those with something)."""

    slots: dict[int, Series] = field(default_factory=dict)

    def total(self) -> Series:
        """All slots together."""
        whole = Series()
        for series in self.slots.values():
            whole.merge(series)
        return whole

    def take(self, slot: int, series: Series) -> None:
        """Add to a slot. What is given first is kept as it is, not copied: most slots have one row."""
        own = self.slots.get(slot)
        if own is None:
            self.slots[slot] = series
        else:
            own.merge(series)

    def merge(self, other: "Track") -> None:
        """Add all slots of another one."""
        for slot, series in other.slots.items():
            self.take(slot, series)


class Whole:
    """Many series as one, by slot. Their histograms lie flat in lists, where adding takes half as long as in dicts."""

    def __init__(self, slots: int) -> None:
        self.total = Series()
        self._flat = [[0] * _FLAT for _ in range(slots)]
        self._slots: dict[int, Series] = {}

    def add(self, track: Track) -> Series:
        """Take a series in; its total is told by the way."""
        total, own = Series(), [0] * _FLAT
        for slot, series in track.slots.items():
            column = self._flat[slot]
            for bucket, count in series.buckets.items():
                own[bucket] += count
                column[bucket] += count
            _count(total, series)
            figures = self._slots.setdefault(slot, Series())
            figures.count += series.count
            figures.total_us += series.total_us
            if errors := series.counters.get("5xx"):
                figures.counters["5xx"] = figures.counters.get("5xx", 0) + errors
        total.buckets = _sparse(own)
        self.total.merge(total)
        return total

    def track(self) -> Track:
        """Everything by slot; of the counters only `5xx`, which is all that is shown over time."""
        for slot, figures in self._slots.items():
            figures.buckets = _sparse(self._flat[slot])
        return Track(self._slots)


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


def tracks(
    period: Period, rows: Iterable[AnyRow], tail: Tail, wanted: Callable[[Key], bool]
) -> Iterator[tuple[Key, Track]]:
    """Rows of queries.series_of(), and of the tail's minutes the series that are `wanted`.

    One after the other: thousands of histograms alive at once would keep the garbage collector busy.
    """
    newest = _newest(period, tail, wanted)
    for row in rows:
        key = tuple(row.key)
        histograms, counters = _histograms.decode(row.buckets), _counters.decode(row.counters)
        track = Track()
        for start, *figures in zip(row.starts, row.counts, row.totals, histograms, counters, strict=True):
            track.take(period.slot_of(start), Series(*figures))
        if key in newest:
            track.merge(newest.pop(key))
        yield key, track
    yield from newest.items()


def _newest(period: Period, tail: Tail, wanted: Callable[[Key], bool]) -> dict[Key, Track]:
    found: dict[Key, Track] = {}
    for minute, seen in tail.minutes:
        slot = period.slot_of(minute.timestamp())
        for key, series in seen.series.items():
            if wanted(key):
                # A copy: the same minute is read for several purposes.
                copied = Series(series.count, series.total_us, dict(series.buckets), dict(series.counters))
                found.setdefault(key, Track()).take(slot, copied)
    return found


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


def added_up(histograms: Iterable[Buckets]) -> Buckets:
    """All values of many histograms; histogram.merged() for a thousand of them."""
    flat = [0] * _FLAT
    for buckets in histograms:
        for bucket, count in buckets.items():
            flat[bucket] += count
    return _sparse(flat)


def _sparse(flat: list[int]) -> Buckets:
    return {bucket: count for bucket, count in enumerate(flat) if count}


def _count(into: Series, series: Series) -> None:
    """Everything but the histogram."""
    into.count += series.count
    into.total_us += series.total_us
    counters = into.counters
    for name, number in series.counters.items():
        counters[name] = counters.get(name, 0) + number
