"""Timing of a statement on the copy, and its plan."""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import psycopg
from psycopg import Connection, errors, sql

from falconbus.performance.advisor import plans
from falconbus.performance.advisor.analysis import Timing, TrialRefused
from falconbus.performance.advisor.deadline import OVER, Deadline
from falconbus.performance.advisor.parameter_sampling import Draw
from falconbus.performance.advisor.parsing import Parsed

#: One run may take so long; one that is stopped counts as this.
LONGEST_RUN_MS = 5_000
#: A statement quicker than this is run several times for each draw.
_QUICK_MS = 100
_RUNS = 3

# Without the clock at every node, which would make a plan of many small steps look worse than it is.
_RUN = "EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF, FORMAT JSON) "
_PLAN = "EXPLAIN (FORMAT JSON) "
_GENERIC = "EXPLAIN (GENERIC_PLAN, FORMAT JSON) "


class Run(NamedTuple):
    """One run; `plan` has no times when it was stopped."""

    ms: float
    plan: dict[str, Any]


class Stopwatch:
    """Runs one statement with several draws of values, each run undone."""

    def __init__(self, connection: Connection[Any], parsed: Parsed, draws: Sequence[Draw], deadline: Deadline) -> None:
        self._connection = connection
        self._texts = [parsed.written(lambda number, draw=draw: quoted(draw[number])) for draw in draws]  # type: ignore[misc]
        self._generic = parsed.written()
        self._deadline = deadline

    def measure(self) -> Timing:
        """Return the median over all draws."""
        return self._median([self._time(text) for text in self._texts])

    def measure_with(self, names: set[str]) -> Timing | None:
        """Return the median over all draws; None unless most of their plans use these indexes."""
        used = [plans.uses(self._explain(_PLAN + text), names) for text in self._texts]
        if sum(used) * 2 <= len(used):
            return None
        runs = [self._time(text) for text in self._texts]
        found = self._median(runs)
        if plans.uses(found.plan, names):
            return found
        return replace(found, plan=next(plans.masked(run.plan) for run in runs if plans.uses(run.plan, names)))

    def generic_plan_uses(self, names: set[str]) -> bool:
        """Return whether the generic plan uses these indexes too; True when there is no such plan."""
        try:
            return plans.uses(self._explain(_GENERIC + self._generic), names)
        except psycopg.Error as fault:
            if self._connection.broken:
                raise
            return fault.sqlstate is not None

    def _median(self, runs: list[Run]) -> Timing:
        ordered = sorted(runs, key=lambda run: run.ms)
        middle = ordered[len(ordered) // 2]
        costs = tuple(float(run.plan["Plan"]["Total Cost"]) for run in runs)
        return Timing(middle.ms, plans.masked(middle.plan), costs)

    def _time(self, text: str) -> Run:
        first = self._run(text)
        if first.ms > _QUICK_MS:
            return first
        # The first run found cold memory.
        times = [self._run(text).ms for _ in range(_RUNS)]
        return Run(statistics.median(times), first.plan)

    def _run(self, text: str) -> Run:
        limit = LONGEST_RUN_MS
        try:
            with undone(self._connection):
                limit = self._deadline.hold(self._connection, LONGEST_RUN_MS)
                plan = self._ask(_RUN + text)
                return Run(float(plan["Execution Time"]), plan)
        except errors.QueryCanceled:
            if limit < LONGEST_RUN_MS:
                raise TrialRefused(OVER) from None
            return Run(LONGEST_RUN_MS, self._explain(_PLAN + text))

    def _explain(self, text: str) -> dict[str, Any]:
        with undone(self._connection):
            return self._ask(text)

    def _ask(self, text: str) -> dict[str, Any]:
        row = self._connection.execute(text.encode(), prepare=False).fetchone()
        plan: dict[str, Any] = row[0][0] if row else {}
        return plan


@contextmanager
def undone(connection: Connection[Any]) -> Iterator[None]:
    """Open a savepoint, and roll everything inside back, settings too."""
    with connection.transaction(force_rollback=True):
        yield


def quoted(value: str) -> str:
    """Return a value as a literal whose type PostgreSQL infers as it does a parameter's."""
    return sql.Literal(value).as_string()
