"""The index trial: times a statement on a copy of its tables without and with indexes, and leaves nothing behind."""

import secrets
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import psycopg
from psycopg import Connection, errors, sql

from falconbus.performance.advisor import candidates, catalog, parameter_sampling, sampling
from falconbus.performance.advisor.analysis import Analysis, Candidate, Improvement, Timing, TrialOutcome, TrialRefused
from falconbus.performance.advisor.deadline import OVER, Deadline
from falconbus.performance.advisor.parsing import Parsed, parse
from falconbus.performance.advisor.resolving import analyse
from falconbus.performance.advisor.sampling import Sample, full_size
from falconbus.performance.advisor.timing import Stopwatch, undone
from falconbus.platform.database.engine import db

#: An index must make a statement FACTOR times as quick and as cheap, and save so much time on the copy ...
FACTOR = 1.5
SAVING_MS = 1.0
#: ... a second one must do that much again, and the smaller of two is taken unless the other is so much quicker.
FACTOR_OF_A_SECOND = 1.2
#: Times that differ by less say nothing on a busy machine; the planner's cost speaks up when it is so much higher.
_NOISE_MS = 0.25
_FAR_COSTLIER = 3.0
SECONDS = 30.0
_MOST_PAIRS = 6
APPLICATION = "falconbus advisor"


@dataclass(frozen=True)
class _TrialResult:
    """The timing of the statement with one set of indexes."""

    candidates: tuple[Candidate, ...]
    measured: Timing
    bytes: dict[str, int]

    @property
    def cost(self) -> float:
        return statistics.median(self.measured.costs)

    @property
    def width(self) -> int:
        return sum(len(candidate.keys) for candidate in self.candidates)

    @property
    def reads_more(self) -> bool:
        return any(not candidate.equal for candidate in self.candidates)


def try_indexes(text: str, *, rows: int = sampling.ROWS, seconds: float = SECONDS) -> TrialOutcome:
    """Look for an index, or two, that make a statement quicker, on copies of at most `rows` rows of each table.

    Everything happens in one transaction that is rolled back, whatever comes, by us or by PostgreSQL. A connection that
    breaks is raised as psycopg.OperationalError.
    """
    try:
        parsed = parse(text)
        with _scratch() as (connection, schema):
            return _IndexTrial(connection, schema, parsed, Deadline(seconds)).outcome(rows)
    except TrialRefused as reason:
        return TrialOutcome(None, str(reason))
    except psycopg.Error as fault:
        if fault.sqlstate is None or fault.sqlstate.startswith(("08", "57P")):
            raise
        return TrialOutcome(None, _describe_error(fault))


class _IndexTrial:
    def __init__(self, connection: Connection[Any], schema: str, parsed: Parsed, deadline: Deadline) -> None:
        self._connection = connection
        self._schema = schema
        self._parsed = parsed
        self._deadline = deadline

    def outcome(self, rows: int) -> TrialOutcome:
        self._connection.execute("SET LOCAL lock_timeout = '1s'", prepare=False)
        self._deadline.hold(self._connection)
        catalog.check_functions(self._connection, self._parsed.functions)
        tables = catalog.tables(self._connection, self._parsed.tables)
        analysis = analyse(self._parsed, tables)
        proposed = candidates.derive(analysis.references)
        if not proposed:
            return TrialOutcome(None, _reason_for_no_candidates(tables.values(), analysis))
        forced = self._show("plan_cache_mode") == "force_generic_plan"
        self._set_up_transaction()
        sample = Sample(self._connection, self._schema, rows, self._deadline)
        compared = [each.reference.table for many in analysis.comparisons.values() for each in many]
        sample.take(tables.values(), analysis.edges, compared)
        draws = parameter_sampling.draw(self._connection, self._schema, analysis, self._parsed.parameters)
        self._connection.execute(
            sql.SQL("SELECT set_config('search_path', {} || ',' || current_setting('search_path'), true)").format(
                sql.Literal(self._schema)
            ),
            prepare=False,
        )
        self._stopwatch = Stopwatch(self._connection, self._parsed, draws, self._deadline)
        before = self._stopwatch.measure()
        # A scan of a sixth of a table takes a sixth of the time.
        self._min_saving_ms = SAVING_MS * min((copy.share for copy in sample.copies.values()), default=1.0)
        if before.ms < self._min_saving_ms:
            return TrialOutcome(None, f"it takes {before.ms:.2g} ms on the copy: there is nothing to gain")
        best = self._best_set(proposed, sample, before, forced=forced)
        if best is None:
            return TrialOutcome(
                None, f"none of {len(proposed)} possible indexes made it {FACTOR:g} times as quick and as cheap"
            )
        return TrialOutcome(Improvement(best.candidates, before, best.measured, sample.copies, best.bytes), None)

    def _best_set(
        self, proposed: Sequence[Candidate], sample: Sample, before: Timing, *, forced: bool
    ) -> _TrialResult | None:
        """Return the best single index, or the best two when a second one, on another table, clearly helps."""
        singles = self._try_sets([(candidate,) for candidate in proposed], sample, before, forced=forced)
        best = _cheapest_of_quickest(singles)
        if best is None:
            pairs = [pair for pair in combinations(proposed, 2) if pair[0].table.oid != pair[1].table.oid]
            best = _cheapest_of_quickest(self._try_sets(pairs[:_MOST_PAIRS], sample, before, forced=forced))
        elif best.measured.ms >= self._min_saving_ms:
            first = best.candidates[0]
            pairs = [(first, other) for other in proposed if other.table.oid != first.table.oid]
            second = _cheapest_of_quickest(self._try_sets(pairs, sample, before, forced=forced))
            if second and is_improvement(best.measured, second.measured, FACTOR_OF_A_SECOND):
                best = second
        if best is None or before.ms - best.measured.ms < self._min_saving_ms:
            return None
        return best if is_improvement(before, best.measured, FACTOR) else None

    def _try_sets(
        self, proposed: Sequence[tuple[Candidate, ...]], sample: Sample, before: Timing, *, forced: bool
    ) -> list[_TrialResult]:
        """Try each set of indexes by itself, as long as there is time; return those that were quicker."""
        results = []
        for index_set in proposed:
            if self._deadline.left_ms() == 0:
                break
            result = self._try_set(index_set, sample, forced=forced)
            if result is not None and result.measured.ms < before.ms:
                results.append(result)
        return results

    def _try_set(self, index_set: tuple[Candidate, ...], sample: Sample, *, forced: bool) -> _TrialResult | None:
        """Make the indexes on the copy, time the statement if its plan uses them, and drop them again."""
        names = {candidate.name for candidate in index_set}
        try:
            with undone(self._connection):
                sizes = {candidate.name: self._create_index(candidate, sample) for candidate in index_set}
                measured = self._stopwatch.measure_with(names)
                if measured is None or (forced and not self._stopwatch.generic_plan_uses(names)):
                    return None
                return _TrialResult(index_set, measured, sizes)
        except TrialRefused:
            return None
        except psycopg.Error as fault:
            if self._connection.broken or self._connection.closed or fault.sqlstate is None:
                raise
            # Not everything can be indexed: a function that is not immutable, a type without an order.
            return None

    def _create_index(self, candidate: Candidate, sample: Sample) -> int:
        table = sql.Identifier(self._schema, candidate.table.name)
        keys = ", ".join(str(key) for key in candidate.keys)
        name = sql.Identifier(candidate.name)
        made = sql.SQL("CREATE INDEX {} ON {} ").format(name, table).as_string() + f"({keys})"
        self._connection.execute(made.encode(), prepare=False)
        if any(key.is_expression for key in candidate.keys):
            # Only an index gives PostgreSQL statistics of an expression.
            self._connection.execute(sql.SQL("ANALYZE {}").format(table), prepare=False)
        size = self._connection.execute(
            "SELECT pg_relation_size(%s::regclass)", (sql.Identifier(self._schema, candidate.name).as_string(),)
        ).fetchone()
        return full_size(int(size[0]) if size else 0, sample.copies[candidate.table.oid].share)

    def _set_up_transaction(self) -> None:
        """Make the settings and the schema of the transaction."""
        self._connection.execute(
            "SET LOCAL idle_in_transaction_session_timeout = '60s'; SET LOCAL plan_cache_mode = auto;"
            " SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL max_parallel_maintenance_workers = 0;"
            " SET LOCAL jit = off",
            prepare=False,
        )
        self._connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self._schema)), prepare=False)

    def _show(self, setting: str) -> str:
        row = self._connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
        return str(row[0]) if row else ""


@contextmanager
def _scratch() -> Iterator[tuple[Connection[Any], str]]:
    """Yield a connection in a transaction that is rolled back, and the name of a schema for it."""
    with db.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        try:
            driver.execute(sql.SQL("SET LOCAL application_name = {}").format(APPLICATION), prepare=False)
            _wait_for_turn(driver)
            yield driver, f"advice_{secrets.token_hex(6)}"
        finally:
            if driver.closed or driver.broken:
                connection.invalidate()
            else:
                driver.rollback()


def _wait_for_turn(driver: Any) -> None:
    """Wait for other trials to end: two at once would measure each other. TrialRefused after a minute."""
    try:
        driver.execute("SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = '61s'", prepare=False)
        driver.execute("SELECT pg_advisory_xact_lock(hashtext('falconbus: the advisor'))", prepare=False)
    except errors.LockNotAvailable:
        raise TrialRefused("other statements are being looked at: try again in a minute") from None


def is_improvement(before: Timing, after: Timing, factor: float) -> bool:
    """Return whether a statement is `factor` times as quick and, in most draws, as cheap to the planner.

    On a busy machine the same plan takes half or twice the time from one second to the next; its cost stays.
    """
    cheaper = sum(one >= factor * other for one, other in zip(before.costs, after.costs, strict=True))
    return before.ms >= factor * after.ms and 2 * cheaper > len(before.costs)


def _cheapest_of_quickest(results: list[_TrialResult]) -> _TrialResult | None:
    """Return the result with the fewest keys among those near the best by time and by the planner's cost.

    Cost has a say because a copy is small: what takes no time there may read much of the whole table. An index that
    begins with a range or an order reads rows that do not fit, for a rare value all of them: it comes last.
    """
    if not results:
        return None
    quickest = min(results, key=lambda result: (result.measured.ms, result.cost))
    limit = max(quickest.measured.ms * FACTOR_OF_A_SECOND, quickest.measured.ms + _NOISE_MS)
    near = [result for result in results if result.measured.ms <= limit]
    cheapest = min(result.cost for result in near)
    good = [result for result in near if result.cost <= cheapest * _FAR_COSTLIER]
    return min(good, key=lambda each: (each.reads_more, each.width, each.measured.ms))


def _reason_for_no_candidates(tables: Any, analysis: Analysis) -> str:
    largest = max((table.rows for table in tables), default=0)
    if not analysis.references or largest < candidates.SMALL_ROWS:
        return "the tables that it reads are small: they are read as quickly without an index"
    if not any(each.equal or each.joined or each.ranges or each.order for each in analysis.references):
        return "it compares, joins and sorts by nothing that an index could serve"
    return "the indexes that it could use are there already"


def _describe_error(fault: psycopg.Error) -> str:
    """Return the error as one line, without PostgreSQL's message where that may hold values."""
    state = fault.sqlstate or ""
    if state == "57014":
        return OVER
    if state == "55P03":
        return "a table that it reads is locked at the moment"
    if state == "42501":
        return "the database's user may not make a schema or read a table, so nothing can be tried"
    if state.startswith(("22", "23")):
        return f"it cannot be run with values from its tables (SQLSTATE {state})"
    message = " ".join(str(fault.diag.message_primary or type(fault).__name__).split())
    return f"PostgreSQL would not run it: {message[:200]}"
