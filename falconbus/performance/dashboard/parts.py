"""Caches, limits, tasks and queues."""

from falconbus.performance.dashboard import tracks
from falconbus.performance.dashboard.figures import each, ms, share
from falconbus.performance.dashboard.values import CacheOut, LimitOut, QueueOut, TaskOut
from falconbus.telemetry import histogram
from falconbus.telemetry.state import Series


def cache(group: str, series: Series) -> CacheOut:
    """Look-ups of a group; a stale answer came from the cache too."""
    hits, misses, stale, errors = (series.counters.get(name, 0) for name in ("hit", "miss", "stale", "error"))
    shared = share(hits + stale, hits + stale + misses + errors)
    return CacheOut(group, hits, misses, stale, errors, shared, ms(tracks.p95(series.buckets)))


def limit(name: str, series: Series) -> LimitOut:
    return LimitOut(name, series.counters.get("refused", 0))


def task(name: str, series: Series) -> TaskOut:
    """Runs of a task."""
    p50, p95 = histogram.percentiles(series.buckets, (50, 95))
    counters = series.counters
    return TaskOut(
        name=name,
        runs=series.count,
        failed=counters.get("failed", 0),
        retried=counters.get("retried", 0),
        p50_ms=ms(p50),
        p95_ms=ms(p95),
        queries_per_run=each(counters.get("queries", 0), series.count),
        repeated=counters.get("repeated", 0),
    )


def queue(name: str, series: Series) -> QueueOut:
    p50, p95 = histogram.percentiles(series.buckets, (50, 95))
    return QueueOut(name, series.count, ms(p50), ms(p95))
