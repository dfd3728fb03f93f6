"""The metrics of all processes in Prometheus' format; any process can return them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from falconbus.platform.kit.lazy import Lazy
from falconbus.platform.telemetry import gauges, minute_counts
from falconbus.platform.telemetry.histogram import Buckets, bounds_of, bucket_of
from falconbus.platform.telemetry.minute_counts import Key, Series
from falconbus.platform.telemetry.totals import totals

if TYPE_CHECKING:
    from prometheus_client import Metric

# Most processes never answer Prometheus.
_prometheus = Lazy("prometheus_client")
_core = Lazy("prometheus_client.core")

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX = "falconbus_"
_WANTED_MS = (1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)
#: Prometheus' buckets end at these of our histogram: the next above the wanted milliseconds, so that counts are exact.
EDGES = tuple(bucket_of(milliseconds * 1000) for milliseconds in _WANTED_MS)


class _Durations(NamedTuple):
    kind: str
    name: str
    description: str
    labels: tuple[str, ...]


class _Counts(NamedTuple):
    """A counter metric of one kind of series.

    `counters` are the values of the last label, or the one counter that is shown without it.
    """

    kind: str
    name: str
    description: str
    labels: tuple[str, ...]
    counters: tuple[str, ...]


_HISTOGRAMS = (
    _Durations(minute_counts.ENDPOINT, "request_duration_seconds", "Requests by route rule", ("method", "rule")),
    _Durations(minute_counts.TASK, "task_duration_seconds", "Runs of Celery tasks", ("task",)),
    _Durations(minute_counts.QUEUE, "queue_wait_seconds", "How long messages lay in a queue", ("queue",)),
)
_CLASSES = ("2xx", "3xx", "4xx", "5xx")
_COUNTERS = (
    _Counts(minute_counts.ENDPOINT, "requests", "Answers by status class", ("method", "rule", "status"), _CLASSES),
    _Counts(minute_counts.ENDPOINT, "requests_over_budget", "Requests above their query budget", ("method", "rule"),
            ("over_budget",)),
    _Counts(minute_counts.ENDPOINT, "repeated_statements", "Statements sent again from the same line of one request",
            ("method", "rule"), ("repeated",)),
    _Counts(minute_counts.CACHE, "cache_lookups", "Look-ups by cache group", ("group", "outcome"),
            ("hit", "miss", "stale", "error")),
    _Counts(minute_counts.LIMIT, "limit_refused", "Requests that a rate limit refused", ("limit",), ("refused",)),
    _Counts(minute_counts.TASK, "tasks", "Celery tasks by outcome", ("task", "outcome"), ("ok", "failed", "retried")),
    _Counts(minute_counts.RECORDER, "recorder_dropped", "Requests that were not recorded", (), ("dropped",)),
)  # fmt: skip


class FleetCollector:
    """A collector for prometheus_client over the given series."""

    def __init__(self, counted: Mapping[Key, Series]) -> None:
        self._counted = counted

    def collect(self) -> Iterator["Metric"]:
        """Yield every metric; those of one kind of series share its labels."""
        for histogram in _HISTOGRAMS:
            yield self._histogram(histogram)
        for counter in _COUNTERS:
            yield self._counter(counter)
        yield from self._statements()
        yield from _gauges()

    def _histogram(self, metric: _Durations) -> "Metric":
        family = _core.HistogramMetricFamily(_PREFIX + metric.name, metric.description, labels=metric.labels)
        for names, series in self._of(metric.kind):
            family.add_metric(names, cumulated(series.buckets, series.count), series.total_us / 1e6)
        return family  # type: ignore[no-any-return]

    def _counter(self, metric: _Counts) -> "Metric":
        family = _core.CounterMetricFamily(_PREFIX + metric.name, metric.description, labels=metric.labels)
        for names, series in self._of(metric.kind):
            for counter in metric.counters:
                last = [counter] if len(metric.counters) > 1 else []
                family.add_metric([*names, *last], series.counters.get(counter, 0))
        return family  # type: ignore[no-any-return]

    def _statements(self) -> Iterator["Metric"]:
        sent = _core.CounterMetricFamily(f"{_PREFIX}statements", "SQL statements by who sends them", labels=["owner"])
        took = _core.CounterMetricFamily(f"{_PREFIX}statement_seconds", "Time waited for them", labels=["owner"])
        for names, series in self._of(minute_counts.STATEMENT):
            sent.add_metric(names, series.count)
            took.add_metric(names, series.total_us / 1e6)
        yield from (sent, took)

    def _of(self, kind: str) -> Iterator[tuple[list[str], Series]]:
        """Yield the series of a kind with the values of their labels, in a stable order."""
        for key in sorted(self._counted):
            if key[0] == kind:
                names = key[1].split(" ", 1) if kind == minute_counts.ENDPOINT else list(key[1:])
                yield names, self._counted[key]


def expose() -> bytes:
    """Return all metrics in Prometheus' text format; totals.MetricsIncomplete while Redis is away."""
    registry = _prometheus.CollectorRegistry(auto_describe=False)
    registry.register(FleetCollector(totals()))
    content: bytes = _prometheus.generate_latest(registry)
    return content


def cumulated(buckets: Buckets, count: int) -> list[tuple[str, float]]:
    """Return how many values lie below each edge (in seconds, as text); those above the last edge are in +Inf."""
    ordered = sorted(buckets.items())
    cumulative: list[tuple[str, float]] = []
    position, below = 0, 0
    for edge in EDGES:
        while position < len(ordered) and ordered[position][0] <= edge:
            below += ordered[position][1]
            position += 1
        cumulative.append((f"{bounds_of(edge)[1] / 1e6:.4g}", below))
    return [*cumulative, ("+Inf", count)]


def _gauges() -> Iterator["Metric"]:
    for gauge, numbers in gauges.readings():
        is_plain = numbers.keys() <= {""}
        labels = [] if is_plain else [gauge.label]
        family = _core.GaugeMetricFamily(_PREFIX + gauge.name, gauge.description, labels=labels)
        for label, number in sorted(numbers.items()):
            family.add_metric([] if is_plain else [label], number)
        yield family
