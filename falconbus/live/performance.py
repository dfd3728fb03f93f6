"""Live numbers of the dashboard, from the minutes that all processes write to Redis about once a second.

A process overwrites its minute as a whole, so what happened between two polls is their difference. Such a difference is
an interval; a number over the last 60 seconds is the sum of the intervals, each by the share of it that lies within.
At the first poll the present and the previous minute are taken as intervals, evenly filled.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from falconbus.platform.telemetry import histogram
from falconbus.platform.telemetry.minute_counts import ENDPOINT, RECORDER, Minute

#: Seconds: the window of percentiles, the window of rates, and the gap between polls after which the window restarts.
WINDOW = 60.0
RATE_WINDOW = 5.0
_MAX_GAP = 60.0
_MAX_ENDPOINTS = 10

_PERCENTS = (50, 95, 99)


class LiveEndpoint(msgspec.Struct):
    """One endpoint: rates over the last 5 seconds, requests and milliseconds over the last 60."""

    name: str
    requests_per_second: float
    errors_per_second: float
    requests: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class LiveNumbers(msgspec.Struct):
    """All endpoints together, and the ten with the most requests. `dropped`: requests not recorded in 60 seconds.

    `errors` are answers 5xx. `processes` are those that measure and are there: web and workers, busy or quiet, from
    their first request or job on.
    """

    at: float
    requests_per_second: float
    errors_per_second: float
    requests: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    endpoints: list[LiveEndpoint]
    dropped: int
    processes: int


#: The recorded minute of each process, by the minute's start in epoch seconds.
Minutes = Mapping[int, Sequence[Minute]]


@dataclass(slots=True)
class Totals:
    """Requests of one endpoint; fractions where an interval lies partly outside."""

    requests: float = 0.0
    errors: float = 0.0
    buckets: dict[int, float] = field(default_factory=dict)

    def add(self, other: "Totals", share: float = 1.0) -> None:
        """Add a share of other totals."""
        self.requests += other.requests * share
        self.errors += other.errors * share
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0.0) + count * share


@dataclass(slots=True)
class Snapshot:
    """Totals by endpoint, and requests that were not recorded."""

    endpoints: dict[str, Totals] = field(default_factory=dict)
    dropped: float = 0.0

    def add(self, other: "Snapshot", share: float = 1.0) -> None:
        for name, totals in other.endpoints.items():
            self.endpoints.setdefault(name, Totals()).add(totals, share)
        self.dropped += other.dropped * share


@dataclass(frozen=True, slots=True)
class Interval:
    """The requests between two polls, in epoch seconds."""

    began: float
    ended: float
    seen: Snapshot

    def share_within(self, began: float, ended: float) -> float:
        """Return the share of the interval that lies between two instants."""
        overlap = min(self.ended, ended) - max(self.began, began)
        return max(0.0, overlap / (self.ended - self.began)) if self.ended > self.began else 0.0


class Window:
    """The intervals of the last minute."""

    def __init__(self) -> None:
        self._intervals: deque[Interval] = deque()
        self._known: dict[int, Snapshot] = {}
        self._updated_at = 0.0

    def update(self, minutes: Minutes, at: float, processes: int = 0) -> LiveNumbers:
        """Return the numbers at `at` (epoch seconds); `minutes` hold at least the present and the previous one.

        `processes` is how many are there.
        """
        snapshots = {
            minute: _snapshot_of(processes) for minute, processes in minutes.items() if minute > at - 2 * WINDOW
        }
        if self._updated_at < at - _MAX_GAP:
            self._intervals = deque(
                Interval(minute, min(minute + 60.0, at), seen)
                for minute, seen in sorted(snapshots.items())
                if minute < at
            )
        elif at > self._updated_at:
            change = Snapshot()
            for minute, snapshot in snapshots.items():
                change.add(_difference(snapshot, self._known.get(minute, Snapshot())))
            self._intervals.append(Interval(self._updated_at, at, change))
        self._known, self._updated_at = snapshots, at
        while self._intervals and self._intervals[0].ended <= at - WINDOW:
            self._intervals.popleft()
        return self._numbers(at, processes)

    def _numbers(self, at: float, processes: int) -> LiveNumbers:
        minute, last_seconds = self._sum(at, WINDOW), self._sum(at, RATE_WINDOW)
        busiest = sorted(minute.endpoints, key=lambda name: (-minute.endpoints[name].requests, name))
        all_endpoints, rates = _sum_endpoints(minute), _sum_endpoints(last_seconds)
        return LiveNumbers(
            round(at, 1),
            *_statistics(rates, all_endpoints),
            endpoints=[
                LiveEndpoint(name, *_statistics(last_seconds.endpoints.get(name, Totals()), minute.endpoints[name]))
                for name in busiest[:_MAX_ENDPOINTS]
                if minute.endpoints[name].requests >= 0.5
            ],
            dropped=round(minute.dropped),
            processes=processes,
        )

    def _sum(self, at: float, seconds: float) -> Snapshot:
        total = Snapshot()
        for interval in self._intervals:
            if share := interval.share_within(at - seconds, at):
                total.add(interval.seen, share)
        return total


def _statistics(rates: Totals, minute: Totals) -> tuple[float, float, int, float | None, float | None, float | None]:
    # Percentiles need whole counts: fractions are counted in thousandths.
    buckets = {bucket: parts for bucket, count in minute.buckets.items() if (parts := round(count * 1000))}
    p50, p95, p99 = (
        None if value is None else round(value / 1000, 2) for value in histogram.percentiles(buckets, _PERCENTS)
    )
    return (
        round(rates.requests / RATE_WINDOW, 1),
        round(rates.errors / RATE_WINDOW, 1),
        round(minute.requests),
        p50,
        p95,
        p99,
    )


def _snapshot_of(processes: Iterable[Minute]) -> Snapshot:
    """Return the sum of what all processes recorded in one minute."""
    snapshot = Snapshot()
    for process in processes:
        for key, series in process.series.items():
            if key[0] == ENDPOINT:
                totals = snapshot.endpoints.setdefault(key[1], Totals())
                totals.add(Totals(series.count, series.counters.get("5xx", 0), series.buckets))  # type: ignore[arg-type]
            elif key[0] == RECORDER:
                snapshot.dropped += series.counters.get("dropped", 0)
    return snapshot


def _difference(now: Snapshot, before: Snapshot) -> Snapshot:
    """Return what was added since `before`; never negative, in case a process lost its minute."""
    difference = Snapshot(dropped=max(0.0, now.dropped - before.dropped))
    for name, totals in now.endpoints.items():
        old = before.endpoints.get(name, Totals())
        if totals.requests > old.requests:
            difference.endpoints[name] = Totals(
                totals.requests - old.requests,
                max(0.0, totals.errors - old.errors),
                {
                    bucket: count - old.buckets.get(bucket, 0)
                    for bucket, count in totals.buckets.items()
                    if count > old.buckets.get(bucket, 0)
                },
            )
    return difference


def _sum_endpoints(seen: Snapshot) -> Totals:
    total = Totals()
    for totals in seen.endpoints.values():
        total.add(totals)
    return total
