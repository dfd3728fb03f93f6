"""The report of `perf indexes`: indexes that would help, and those that are useless or missing."""

from datetime import datetime, timedelta

import msgspec

from falconbus.performance.advisor import candidates, index_trial, queries, service, writing
from falconbus.performance.advisor.analysis import TrialOutcome
from falconbus.performance.advisor.models import AdviceState
from falconbus.performance.advisor.read_model import AdviceOut
from falconbus.performance.vitals import heavy_statements, postgres
from falconbus.performance.vitals.postgres import DuplicateIndex, ForeignKeyWithoutIndex, IndexVitals
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock


class ProvenIndex(msgspec.Struct, frozen=True):
    """An index to make, with its estimated bytes on the whole table."""

    definition: str
    bytes: int


class Finding(msgspec.Struct, frozen=True):
    """The outcome for one statement: indexes with the medians on the copy in ms, or the reason why none."""

    statement: str
    indexes: list[ProvenIndex]
    before_ms: float | None
    after_ms: float | None
    factor: float | None
    reason: str | None


class IndexReport(msgspec.Struct, frozen=True):
    """All findings on indexes; `source` names whose statements were checked, scans count from `counted_since`."""

    source: str
    findings: list[Finding]
    unused: list[IndexVitals]
    duplicate: list[DuplicateIndex]
    foreign_keys: list[ForeignKeyWithoutIndex]
    invalid: list[str]
    counted_since: datetime | None


def finding_of(statement: str) -> Finding:
    """Check a statement with values or $1, $2 ...; nothing is stored."""
    return _finding(" ".join(statement.split()), index_trial.try_indexes(statement))


def report(most: int) -> IndexReport:
    """Check the heaviest statements of the recorder, else of pg_stat_statements; only the recorder's are stored."""
    suspects = queries.suspects(
        clock.now(), small_rows=candidates.SMALL_ROWS, slow_ms=service.SLOW_MS, again_after=timedelta(0), most=most
    )
    for fingerprint in suspects:
        service.advise_on(fingerprint)
    findings = _kept(suspects)
    source = heavy_statements.RECORDER
    if not findings and (counted := heavy_statements.counted_texts(most)):
        source = heavy_statements.PG_STAT_STATEMENTS
        transactions.commit()
        findings = [finding_of(each.text) for each in counted]
    vitals = postgres.vitals()
    return IndexReport(
        source,
        findings,
        vitals.unused_indexes,
        vitals.duplicate_indexes,
        vitals.foreign_keys_without_index,
        vitals.invalid_indexes,
        vitals.statistics_since,
    )


def _kept(looked_at: list[str]) -> list[Finding]:
    """Return the open advice of all days, and the reasons for those statements checked now that have none."""
    by_statement: dict[str, list[AdviceOut]] = {}
    for each in service.list_advice():
        if each.state is AdviceState.OPEN:
            by_statement.setdefault(each.fingerprint, []).append(each)
    findings = []
    for advice in by_statement.values():
        first = advice[0]
        indexes = [ProvenIndex(each.definition, each.index_bytes) for each in advice]
        statement = " ".join((first.statement or first.fingerprint).split())
        findings.append(Finding(statement, indexes, first.before_ms, first.after_ms, first.factor, None))
    for fingerprint in looked_at:
        row, check = queries.find_statement(fingerprint), service.find_check(fingerprint)
        if row and check and check.reason and fingerprint not in by_statement:
            findings.append(Finding(" ".join(row.text.split()), [], None, None, None, check.reason))
    return findings


def _finding(statement: str, outcome: TrialOutcome) -> Finding:
    if outcome.improvement is None:
        return Finding(statement, [], None, None, None, outcome.reason)
    improvement = outcome.improvement
    indexes = [ProvenIndex(writing.definition(each), improvement.bytes[each.name]) for each in improvement.candidates]
    factor = improvement.before.ms / max(improvement.after.ms, 0.001)
    return Finding(statement, indexes, improvement.before.ms, improvement.after.ms, factor, None)
