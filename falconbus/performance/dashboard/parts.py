"""Figures of caches, limits, tasks and queues."""

from falconbus.performance.dashboard.fault_figures import LimitOut
from falconbus.performance.dashboard.figures import CacheOut, QueueOut, TaskOut
from falconbus.performance.dashboard.rounding import each, ms, share
from falconbus.platform.telemetry import histogram, minute_counts
from falconbus.platform.telemetry.minute_counts import Key, Series


class OtherSeries:
    """Collects the figures of what is neither a request nor a statement."""

    def __init__(self) -> None:
        self.caches: list[CacheOut] = []
        self.limits: list[LimitOut] = []
        self.tasks: list[TaskOut] = []
        self.queues: list[QueueOut] = []
        self.recorder = Series()

    @property
    def refused(self) -> int:
        return sum(limit.refused for limit in self.limits)

    def add(self, key: Key, series: Series) -> None:
        """Add the series of a cache group, limit, task, queue, or of the recorder."""
        match key:
            case (minute_counts.CACHE, group):
                self.caches.append(_cache(group, series))
            case (minute_counts.LIMIT, name):
                self.limits.append(LimitOut(name, series.counters.get("refused", 0)))
            case (minute_counts.TASK, name):
                self.tasks.append(_task(name, series))
            case (minute_counts.QUEUE, name):
                p50, p95 = histogram.percentiles(series.buckets, (50, 95))
                self.queues.append(QueueOut(name, series.count, ms(p50), ms(p95)))
            case (minute_counts.RECORDER,):
                self.recorder.merge(series)


def _cache(group: str, series: Series) -> CacheOut:
    """Return the look-ups of a group; a stale response counts as a hit too."""
    hits, misses, stale, errors = (series.counters.get(name, 0) for name in ("hit", "miss", "stale", "error"))
    shared = share(hits + stale, hits + stale + misses + errors)
    return CacheOut(group, hits, misses, stale, errors, shared, ms(histogram.p95(series.buckets)))


def _task(name: str, series: Series) -> TaskOut:
    """Return the runs of a task."""
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
