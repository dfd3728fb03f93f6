"""All series over a period: each one's sums, endpoints by slot for their sparklines, and all requests over time."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from falconbus.performance.dashboard import queries, tracks
from falconbus.performance.dashboard.periods import Period
from falconbus.performance.dashboard.tracks import Track
from falconbus.platform.database.engine import AnyRow
from falconbus.platform.telemetry import histogram, minute_counts, packing
from falconbus.platform.telemetry.histogram import Buckets
from falconbus.platform.telemetry.minute_counts import Key, Series
from falconbus.platform.telemetry.recent_minutes import Tail

_numbers = msgspec.json.Decoder(list[int])
_places = msgspec.json.Decoder(list[int | None])


@dataclass(slots=True)
class Line:
    """A series: its sum and, of an endpoint by slot, its requests and the bucket of their 95th percentile."""

    total: Series
    counts: list[int] = field(default_factory=list)
    p95s: list[int | None] = field(default_factory=list)


@dataclass(slots=True)
class Overview:
    """Everything but statements; `requests` are all endpoints together, over time with `5xx` as the only counter."""

    lines: dict[Key, Line]
    requests: Series
    over_time: Track


def overview(period: Period, newest: Tail) -> Overview:
    """What was seen of everything but statements."""
    rows = queries.overview(period, tracks.minutes_of(newest))
    added = tracks.newest(period, tracks.unrolled(newest, rows), lambda key: key[0] != minute_counts.STATEMENT)
    whole, over_time, lines = Series(), Track(), {}
    for track in (track for key, track in added.items() if key[0] == minute_counts.ENDPOINT):
        for slot, series in track.slots.items():
            over_time.slots.setdefault(slot, Series()).merge(series)
    whole.merge(over_time.total())
    for row in rows:
        key, total = tuple(row.key), _total(row)
        if key == minute_counts.REQUESTS:
            whole.merge(total)
            _add_slots(over_time, row)
        else:
            lines[key] = _line(row, total, period, added.pop(key, Track()))
    for key, track in added.items():
        lines[key] = Line(track.total(), *of_track(track, period))
    return Overview(lines, whole, over_time)


def of_track(track: Track, period: Period) -> tuple[list[int], list[int | None]]:
    """Requests by slot, and the bucket of their 95th percentile."""
    found = [track.slots.get(number) for number in range(period.slots)]
    return (
        [slot.count if slot else 0 for slot in found],
        [histogram.p95_bucket(slot.buckets) if slot else None for slot in found],
    )


def _total(row: AnyRow) -> Series:
    counters: dict[str, int] = {}
    for each in tracks.decode_counters(row.counters):
        for name, number in each.items():
            counters[name] = counters.get(name, 0) + number
    return Series(row.number, row.total_us, packing.unpack(row.buckets), counters)


def _line(row: AnyRow, total: Series, period: Period, newest: Track) -> Line:
    total.merge(newest.total())
    if row.slots is None:
        return Line(total)
    counts, p95s = [0] * period.slots, [None] * period.slots  # type: list[int], list[int | None]
    rolled = zip(_numbers.decode(row.slots), _numbers.decode(row.counts), _places.decode(row.p95s), strict=True)
    for slot, count, p95 in rolled:
        counts[slot] += count
        p95s[slot] = p95
    exact = _exact(row)
    for slot, series in newest.slots.items():
        counts[slot] += series.count
        histogram.add(exact.setdefault(slot, {}), series.buckets)
    for slot, buckets in exact.items():
        p95s[slot] = histogram.p95_bucket(buckets)
    return Line(total, counts, p95s)


def _exact(row: AnyRow) -> dict[int, Buckets]:
    """The slots whose histograms came along."""
    packed: dict[int, bytes] = {}
    for slot, one in zip(row.exact or (), row.histograms or (), strict=True):
        packed[slot] = packed.get(slot, b"") + one
    return {slot: packing.unpack(several) for slot, several in packed.items()}


def _add_slots(over_time: Track, row: AnyRow) -> None:
    slots: Iterable[tuple[int, int, int]] = zip(
        _numbers.decode(row.slots), _numbers.decode(row.counts), row.errors, strict=True
    )
    for slot, count, errors in slots:
        over_time.slots.setdefault(slot, Series()).merge(Series(count, counters={"5xx": errors}))
    for slot, buckets in _exact(row).items():
        histogram.add(over_time.slots[slot].buckets, buckets)
