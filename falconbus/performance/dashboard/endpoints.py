"""Requests: by endpoint, in total, over time, and as a heat map."""

from collections.abc import Mapping

from falconbus.performance.dashboard.figures import BandOut, EndpointOut, HeatOut, RecorderOut, SeriesOut, TotalsOut
from falconbus.performance.dashboard.overview import SeriesSummary
from falconbus.performance.dashboard.periods import Period
from falconbus.performance.dashboard.rounding import bucket_ms, each, milliseconds, ms, share
from falconbus.performance.dashboard.tracks import Track
from falconbus.platform.telemetry import histogram
from falconbus.platform.telemetry.minute_counts import Series

_PERCENTILES = (50, 95, 99)
#: Bands of the heat map: so many of the histogram's buckets each, from 0.1 ms up to about 60 s.
_BAND_BUCKETS = 11
_BANDS = 31
_LOWEST = histogram.bucket_of(100)


def endpoint(key: str, summary: SeriesSummary, budget: int | None, all_time: int | None = None) -> EndpointOut:
    """Return one endpoint's figures; `all_time` are the microseconds of all endpoints, where they are known."""
    total = summary.total
    counters = total.counters
    method, _, rule = key.partition(" ")
    p50, p95, p99 = histogram.percentiles(total.buckets, _PERCENTILES)
    return EndpointOut(
        key=key,
        method=method,
        rule=rule,
        requests=total.count,
        errors=counters.get("5xx", 0),
        refusals=counters.get("4xx", 0),
        p50_ms=ms(p50),
        p95_ms=ms(p95),
        p99_ms=ms(p99),
        mean_ms=_mean(total),
        time_share=None if all_time is None else share(total.total_us, all_time),
        queries_per_request=each(counters.get("queries", 0), total.count),
        budget=budget,
        over_budget=counters.get("over_budget", 0),
        repeated_per_request=each(counters.get("repeated", 0), total.count),
        sql_share=share(counters.get("sql_us", 0), total.total_us),
        cache_hit_share=_hit_share(counters),
        requests_by_slot=summary.counts,
        p95_by_slot=[None if bucket is None else bucket_ms(bucket) for bucket in summary.p95s],
    )


def totals(total: Series, period: Period, recorder: Series, limited: int) -> TotalsOut:
    """Return the figures of all requests together."""
    counters = total.counters
    p50, p95, p99 = histogram.percentiles(total.buckets, _PERCENTILES)
    return TotalsOut(
        requests=total.count,
        per_second=each(total.count, period.seconds) or 0.0,
        errors=counters.get("5xx", 0),
        error_share=share(counters.get("5xx", 0), total.count),
        refusals=counters.get("4xx", 0),
        p50_ms=ms(p50),
        p95_ms=ms(p95),
        p99_ms=ms(p99),
        mean_ms=_mean(total),
        queries_per_request=each(counters.get("queries", 0), total.count),
        sql_share=share(counters.get("sql_us", 0), total.total_us),
        cache_hit_share=_hit_share(counters),
        over_budget=counters.get("over_budget", 0),
        repeated=counters.get("repeated", 0),
        limited=limited,
        recorder=_recorder(recorder, total.count),
    )


def over_time(track: Track, period: Period) -> SeriesOut:
    """Return throughput, errors and percentiles by slot; without requests percentiles are None."""
    found = [track.slots.get(number) for number in range(period.slots)]
    percentiles = [histogram.percentiles(slot.buckets if slot else {}, _PERCENTILES) for slot in found]
    requests = _counts(track, period)
    return SeriesOut(
        at=period.starts(),
        requests=requests,
        per_second=[each(count, period.seconds_of(number)) or 0.0 for number, count in enumerate(requests)],
        errors=[slot.counters.get("5xx", 0) if slot else 0 for slot in found],
        refusals=[slot.counters.get("4xx", 0) if slot else 0 for slot in found],
        p50_ms=[ms(p50) for p50, _, _ in percentiles],
        p95_ms=[ms(p95) for _, p95, _ in percentiles],
        p99_ms=[ms(p99) for _, _, p99 in percentiles],
    )


def heat(track: Track, period: Period) -> HeatOut:
    """Return requests by slot and band of durations, without the empty bands at both ends."""
    counts = [_by_band(track.slots.get(number)) for number in range(period.slots)]
    filled = [band for band in range(_BANDS) if any(slot[band] for slot in counts)]
    low, high = (filled[0], filled[-1] + 1) if filled else (0, 0)
    counts = [slot[low:high] for slot in counts]
    return HeatOut(
        [_band(band) for band in range(low, high)], counts, [sum(band) for band in zip(*counts, strict=True)]
    )


def _band(band: int) -> BandOut:
    first = _LOWEST + (band - 1) * _BAND_BUCKETS
    low = histogram.bounds_of(first + 1)[0] if band else 0.0
    high = histogram.bounds_of(first + _BAND_BUCKETS)[1]
    return BandOut(milliseconds(low), milliseconds(high) if band < _BANDS - 1 else None)


def _by_band(slot: Series | None) -> list[int]:
    counts = [0] * _BANDS
    for bucket, count in slot.buckets.items() if slot else ():
        counts[min(max(-(-(bucket - _LOWEST) // _BAND_BUCKETS), 0), _BANDS - 1)] += count
    return counts


def _counts(track: Track, period: Period) -> list[int]:
    slots = track.slots
    return [slots[number].count if number in slots else 0 for number in range(period.slots)]


def _mean(series: Series) -> float | None:
    return milliseconds(series.total_us / series.count) if series.count else None


def _hit_share(counters: Mapping[str, int]) -> float | None:
    hits = counters.get("cache_hit", 0) + counters.get("cache_stale", 0)
    return share(hits, hits + counters.get("cache_miss", 0) + counters.get("cache_error", 0))


def _recorder(series: Series, requests: int) -> RecorderOut:
    spent = series.counters.get("flush_us", 0)
    return RecorderOut(
        flush_ms=milliseconds(spent),
        microseconds_per_request=each(spent, requests),
        dropped=series.counters.get("dropped", 0),
        bytes=series.counters.get("bytes", 0),
    )
