"""Adds finished traces up into the minute they fall in."""

import heapq
import itertools
from types import CodeType

from falconbus.platform.telemetry import fingerprints, minute_counts, origin, trace
from falconbus.platform.telemetry.histogram import bucket_of
from falconbus.platform.telemetry.minute_counts import Failure, Key, Minute, Sample, Series, Step
from falconbus.platform.telemetry.trace import Step as TraceStep
from falconbus.platform.telemetry.trace import Trace

#: Limits of a process: series in a minute, slow requests kept of each endpoint, statements described.
MAX_SERIES = 4000
SLOWEST_KEPT = 3
#: The newest requests that are named of each fault in a minute.
FAILURES_KEPT = 3
_MAX_DESCRIBED = 4000

_order = itertools.count()


class Aggregator:
    """The present minute of this process. Only the flusher's thread calls it."""

    def __init__(self, release: str) -> None:
        self.release = release
        self.minute = Minute(release)
        self._near: dict[object, Series | None] = {}
        self._slowest: dict[str, list[tuple[int, int, Sample]]] = {}
        # The code objects are kept, so that no other one gets the id of one that is gone.
        self._described: dict[tuple[str, int, int], tuple[str, str, CodeType | None]] = {}

    def begin_minute(self) -> Minute:
        """Begin a new minute, and return the one that is over."""
        self.snapshot()
        over, self.minute = self.minute, Minute(self.release)
        self._near.clear()
        self._slowest.clear()
        return over

    def snapshot(self) -> Minute:
        """Return the present minute as it stands."""
        self.minute.samples = [sample for kept in self._slowest.values() for _, _, sample in kept]
        return self.minute

    def count(self, key: Key, counter: str, number: int = 1) -> None:
        """Add to a counter that belongs to no trace."""
        series = self._series(key)
        if series is not None and number:
            series.counters[counter] = series.counters.get(counter, 0) + number

    def time(self, key: Key, microseconds: int) -> None:
        """Add a duration that belongs to no trace."""
        if (series := self._series(key)) is not None:
            _note(series, microseconds)

    def add(self, finished_trace: Trace) -> None:
        """Add a finished trace to the minute."""
        owner = f"{finished_trace.method} {finished_trace.rule}" if finished_trace.method else finished_trace.name
        took_us = int((finished_trace.ended - finished_trace.began) * 1e6)
        series = self._series((minute_counts.ENDPOINT if finished_trace.method else minute_counts.TASK, owner))
        if series is None:
            return
        _note(series, took_us)
        counters = series.counters
        _count(counters, f"{finished_trace.status // 100}xx" if finished_trace.method else finished_trace.outcome)
        if finished_trace.statements:
            _count(counters, "queries", finished_trace.statements)
            _count(counters, "sql_us", int(finished_trace.sql_seconds * 1e6))
            if (
                finished_trace.budget is not None
                and finished_trace.statements - finished_trace.before_view > finished_trace.budget
            ):
                _count(counters, "over_budget")
            if len(finished_trace.repeats) < len(finished_trace.steps):
                repeated = sum(number - 1 for number in finished_trace.repeats.values())
                if repeated:
                    _count(counters, "repeated", repeated)
        for began, ended, name, where, instruction in finished_trace.steps:
            if instruction == 0 and isinstance(where, str):
                self._add_cache(counters, name, where, int((ended - began) * 1e6))
            else:
                self._add_statement(finished_trace, owner, name, where, instruction, int((ended - began) * 1e6))
        self._keep_if_slow(owner, took_us, finished_trace)
        if finished_trace.status >= 400:
            self._add_fault(owner, took_us, finished_trace)

    def _add_cache(self, counters: dict[str, int], group: str, outcome: str, took_us: int) -> None:
        _count(counters, f"cache_{outcome}")
        if (series := self._series((minute_counts.CACHE, group))) is not None:
            _note(series, took_us)
            _count(series.counters, outcome)

    def _add_statement(
        self, finished_trace: Trace, owner: str, sql: str, code: CodeType | str | None, instruction: int, took_us: int
    ) -> None:
        near = (owner, sql, id(code), instruction)
        series = self._near.get(near)
        if series is None:
            fingerprint, where = self._describe(sql, code, instruction)
            series = self._near[near] = self._series((minute_counts.STATEMENT, owner, fingerprint, where))
            if series is None:
                return
        _note(series, took_us)
        times = finished_trace.repeats.get((sql, instruction), 1)
        if times > 1:
            _count(series.counters, "repeated", times - 1)
            _count(series.counters, "repeated_in")
            # Counted once a request: the next step with this statement finds 1.
            finished_trace.repeats[sql, instruction] = 1

    def _add_fault(self, owner: str, took_us: int, finished_trace: Trace) -> None:
        """Count a request that was refused or failed, and keep its id."""
        status = str(finished_trace.status)
        key = (minute_counts.FAULT, status, finished_trace.fault or f"http_{status}", owner)
        if (series := self._series(key)) is not None:
            _note(series, took_us)
            kept = self.minute.failures.setdefault(key, [])
            kept.append(Failure(finished_trace.at, took_us, finished_trace.request_id))
            del kept[:-FAILURES_KEPT]

    def _describe(self, sql: str, code: CodeType | str | None, instruction: int) -> tuple[str, str]:
        """Return a statement's fingerprint and origin, and add its description to the minute."""
        code = code if isinstance(code, CodeType) else None
        key = (sql, id(code), instruction)
        known = self._described.get(key)
        chain = trace.chains.get((sql, instruction))
        if known is None or known[0] not in self.minute.statements:
            source = code.co_filename if code else None
            fingerprint, statement = fingerprints.describe(sql, trace.met.get(sql) or {}, source)
            where = origin.name_of((code, instruction)) if code else "elsewhere"
            if len(self._described) >= _MAX_DESCRIBED:
                self._described.clear()
            known = self._described[key] = (fingerprint, where, code)
            statement.chain = [where]
            self.minute.statements.setdefault(fingerprint, statement)
        if chain:
            self.minute.statements[known[0]].chain = [origin.name_of(place) for place in chain]
        return known[0], known[1]

    def _series(self, key: Key) -> Series | None:
        series = self.minute.series.get(key)
        if series is None:
            if len(self.minute.series) >= MAX_SERIES:
                key = (minute_counts.RECORDER,)
                dropped = self.minute.series.setdefault(key, Series())
                _count(dropped.counters, "dropped")
                return None
            series = self.minute.series[key] = Series()
        return series

    def _keep_if_slow(self, owner: str, took_us: int, finished_trace: Trace) -> None:
        """Keep the slowest few traces of each owner as samples."""
        kept = self._slowest.setdefault(owner, [])
        if len(kept) < SLOWEST_KEPT:
            heapq.heappush(kept, (took_us, next(_order), self._sample(owner, took_us, finished_trace)))
        elif took_us > kept[0][0]:
            heapq.heapreplace(kept, (took_us, next(_order), self._sample(owner, took_us, finished_trace)))

    def _sample(self, owner: str, took_us: int, finished_trace: Trace) -> Sample:
        return Sample(
            owner,
            finished_trace.at,
            took_us,
            finished_trace.status,
            finished_trace.request_id,
            [self._step(finished_trace, step) for step in finished_trace.steps],
        )

    def _step(self, finished_trace: Trace, step: TraceStep) -> Step:
        began, ended, name, where, instruction = step
        at, took_us = int((began - finished_trace.began) * 1e6), int((ended - began) * 1e6)
        if instruction == 0 and isinstance(where, str):
            return Step("cache", f"{name} {where}", "", at, took_us)
        fingerprint, line = self._describe(name, where, instruction)
        return Step("statement", fingerprint, line, at, took_us)


def _note(series: Series, microseconds: int) -> None:
    series.count += 1
    series.total_us += microseconds
    bucket = bucket_of(microseconds)
    buckets = series.buckets
    buckets[bucket] = buckets.get(bucket, 0) + 1


def _count(counters: dict[str, int], name: str, number: int = 1) -> None:
    counters[name] = counters.get(name, 0) + number
