"""All series over a period: their sums, endpoints by slot for the sparklines, and all requests over time."""

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
from falconbus.platform.telemetry.recent_minutes import RecentMinutes

_numbers = msgspec.json.Decoder(list[int])
_places = msgspec.json.Decoder(list[int | None])


@dataclass(slots=True)
class SeriesSummary:
    """A series: its sum; of an endpoint by slot the requests and the bucket of their 95th percentile.

    Of a fault the newest requests that are rolled up: when, and their ids.
    """

    total: Series
    counts: list[int] = field(default_factory=list)
    p95s: list[int | None] = field(default_factory=list)
    failures: list[tuple[float, str]] = field(default_factory=list)


@dataclass(slots=True)
class Overview:
    """Everything but statements; `requests` are all endpoints together, `over_time` counts only `5xx` and `4xx`."""

    summaries: dict[Key, SeriesSummary]
    requests: Series
    over_time: Track


def overview(period: Period, newest: RecentMinutes, named: int) -> Overview:
    """Return the overview of a period; of each fault the newest `named` requests."""
    rows = queries.overview(period, tracks.minutes_of(newest), named)
    added = tracks.newest(period, tracks.unrolled(newest, rows), lambda key: key[0] != minute_counts.STATEMENT)
    whole, over_time, summaries = Series(), Track(), {}
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
            summaries[key] = _summary(row, total, period, added.pop(key, Track()))
    for key, track in added.items():
        summaries[key] = SeriesSummary(track.total(), *of_track(track, period))
    return Overview(summaries, whole, over_time)


def of_track(track: Track, period: Period) -> tuple[list[int], list[int | None]]:
    """Return the requests by slot, and the bucket of their 95th percentile."""
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


def _summary(row: AnyRow, total: Series, period: Period, newest: Track) -> SeriesSummary:
    total.merge(newest.total())
    if row.slots is None:
        return SeriesSummary(total, failures=[(float(at), request_id) for at, request_id in row.failures or ()])
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
    return SeriesSummary(total, counts, p95s)


def _exact(row: AnyRow) -> dict[int, Buckets]:
    """Return the histograms of the slots that have one, by slot."""
    packed: dict[int, bytes] = {}
    for slot, packed_slot in zip(row.exact or (), row.histograms or (), strict=True):
        packed[slot] = packed.get(slot, b"") + packed_slot
    return {slot: packing.unpack(several) for slot, several in packed.items()}


def _add_slots(over_time: Track, row: AnyRow) -> None:
    slots: Iterable[tuple[int, int, int, int]] = zip(
        _numbers.decode(row.slots), _numbers.decode(row.counts), row.errors, row.refusals, strict=True
    )
    for slot, count, errors, refusals in slots:
        over_time.slots.setdefault(slot, Series()).merge(Series(count, counters={"5xx": errors, "4xx": refusals}))
    for slot, buckets in _exact(row).items():
        histogram.add(over_time.slots[slot].buckets, buckets)
