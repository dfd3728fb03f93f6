"""Adding traces up into the minute they fall in."""

import heapq
import itertools
from types import CodeType

from falconbus.platform.telemetry import fingerprints, minute_counts, origin, trace
from falconbus.platform.telemetry.histogram import bucket_of
from falconbus.platform.telemetry.minute_counts import Key, Minute, Sample, Series, Step
from falconbus.platform.telemetry.trace import Step as TraceStep
from falconbus.platform.telemetry.trace import Trace

#: Series a process tells apart in a minute, slow requests it keeps of each endpoint, statements it has described.
MOST_SERIES = 4000
SLOWEST = 3
_MOST_DESCRIBED = 4000

_order = itertools.count()


class Accumulator:
    """The present minute of this process. Only the flusher's thread calls it."""

    def __init__(self, release: str) -> None:
        self.release = release
        self.minute = Minute(release)
        self._near: dict[object, Series | None] = {}
        self._slowest: dict[str, list[tuple[int, int, Sample]]] = {}
        # The code objects are kept, so that no other one gets the id of one that is gone.
        self._described: dict[tuple[str, int, int], tuple[str, str, CodeType | None]] = {}

    def begin_minute(self) -> Minute:
        """The minute that is over; a new one begins."""
        self.snapshot()
        over, self.minute = self.minute, Minute(self.release)
        self._near.clear()
        self._slowest.clear()
        return over

    def snapshot(self) -> Minute:
        """The present minute as it stands."""
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

    def add(self, one: Trace) -> None:
        """Take a finished trace in."""
        owner = f"{one.method} {one.rule}" if one.method else one.name
        took = int((one.ended - one.began) * 1e6)
        series = self._series((minute_counts.ENDPOINT if one.method else minute_counts.TASK, owner))
        if series is None:
            return
        _note(series, took)
        counters = series.counters
        _count(counters, f"{one.status // 100}xx" if one.method else one.outcome)
        if one.statements:
            _count(counters, "queries", one.statements)
            _count(counters, "sql_us", int(one.sql_seconds * 1e6))
            if one.budget is not None and one.statements - one.before_view > one.budget:
                _count(counters, "over_budget")
            if len(one.repeats) < len(one.steps):
                repeated = sum(number - 1 for number in one.repeats.values())
                if repeated:
                    _count(counters, "repeated", repeated)
        for began, ended, name, where, instruction in one.steps:
            if instruction == 0 and isinstance(where, str):
                self._add_cache(counters, name, where, int((ended - began) * 1e6))
            else:
                self._add_statement(one, owner, name, where, instruction, int((ended - began) * 1e6))
        self._consider(owner, took, one)

    def _add_cache(self, counters: dict[str, int], group: str, outcome: str, took: int) -> None:
        _count(counters, f"cache_{outcome}")
        if (series := self._series((minute_counts.CACHE, group))) is not None:
            _note(series, took)
            _count(series.counters, outcome)

    def _add_statement(
        self, one: Trace, owner: str, sql: str, code: CodeType | str | None, instruction: int, took: int
    ) -> None:
        near = (owner, sql, id(code), instruction)
        series = self._near.get(near)
        if series is None:
            fingerprint, where = self._describe(sql, code, instruction)
            series = self._near[near] = self._series((minute_counts.STATEMENT, owner, fingerprint, where))
            if series is None:
                return
        _note(series, took)
        times = one.repeats.get((sql, instruction), 1)
        if times > 1:
            _count(series.counters, "repeated", times - 1)
            _count(series.counters, "repeated_in")
            # Told once a request: what comes again finds itself counted.
            one.repeats[sql, instruction] = 1

    def _describe(self, sql: str, code: CodeType | str | None, instruction: int) -> tuple[str, str]:
        """The fingerprint and the line; what the minute must know of the statement is put down."""
        code = code if isinstance(code, CodeType) else None
        key = (sql, id(code), instruction)
        known = self._described.get(key)
        chain = trace.chains.get((sql, instruction))
        if known is None or known[0] not in self.minute.statements:
            source = code.co_filename if code else None
            fingerprint, statement = fingerprints.describe(sql, trace.met.get(sql) or {}, source)
            where = origin.name_of((code, instruction)) if code else "elsewhere"
            if len(self._described) >= _MOST_DESCRIBED:
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
            if len(self.minute.series) >= MOST_SERIES:
                key = (minute_counts.RECORDER,)
                dropped = self.minute.series.setdefault(key, Series())
                _count(dropped.counters, "dropped")
                return None
            series = self.minute.series[key] = Series()
        return series

    def _consider(self, owner: str, took: int, one: Trace) -> None:
        """Keep the slowest few of each owner."""
        kept = self._slowest.setdefault(owner, [])
        if len(kept) < SLOWEST:
            heapq.heappush(kept, (took, next(_order), self._sample(owner, took, one)))
        elif took > kept[0][0]:
            heapq.heapreplace(kept, (took, next(_order), self._sample(owner, took, one)))

    def _sample(self, owner: str, took: int, one: Trace) -> Sample:
        return Sample(owner, one.at, took, one.status, one.request_id, [self._step(one, step) for step in one.steps])

    def _step(self, one: Trace, step: TraceStep) -> Step:
        began, ended, name, where, instruction = step
        at, took = int((began - one.began) * 1e6), int((ended - began) * 1e6)
        if instruction == 0 and isinstance(where, str):
            return Step("cache", f"{name} {where}", "", at, took)
        fingerprint, line = self._describe(name, where, instruction)
        return Step("statement", fingerprint, line, at, took)


def _note(series: Series, microseconds: int) -> None:
    series.count += 1
    series.total_us += microseconds
    bucket = bucket_of(microseconds)
    buckets = series.buckets
    buckets[bucket] = buckets.get(bucket, 0) + 1


def _count(counters: dict[str, int], name: str, number: int = 1) -> None:
    counters[name] = counters.get(name, 0) + number
