"""Statements with their newest minutes and descriptions, of everybody or of one owner."""

from falconbus.performance.dashboard import queries, statements, tracks
from falconbus.performance.dashboard.figures import RepeatedOut, StatementOut
from falconbus.performance.dashboard.periods import Period
from falconbus.performance.dashboard.statements import Description, Sums
from falconbus.platform.telemetry.recent_minutes import RecentMinutes

_UNKNOWN = Description("", [])


def statements_of(
    period: Period, newest: RecentMinutes, owner: str | None = None
) -> tuple[list[StatementOut], list[RepeatedOut]]:
    """Return the heaviest and the repeated statements, of everybody or of one endpoint or task."""
    minutes = tracks.minutes_of(newest)
    rows = (
        queries.statement_sums(period, minutes) if owner is None else queries.statement_sums_of(period, owner, minutes)
    )
    unrolled = tracks.unrolled(newest, rows)
    found = statements.sums(rows, unrolled, lambda source: owner is None or source.owner == owner)
    return _shown(period, found, newest)


def _shown(period: Period, found: Sums, newest: RecentMinutes) -> tuple[list[StatementOut], list[RepeatedOut]]:
    again, names, groups = statements.repeated(found, period), statements.shown(found), statements.by_fingerprint(found)
    fingerprints = {*names, *(source.fingerprint for source, _ in again)}
    known = statements.describe(queries.texts(fingerprints), newest)
    chosen = {source: usage for name in names for source, usage in groups[name]}
    ids = [usage.series_id for usage in chosen.values() if usage.series_id is not None]
    histograms = statements.histograms(queries.histograms(period, ids), chosen)
    all_time = sum(usage.total_us for usage in found.values())
    heaviest = [
        statements.statement(name, groups[name], histograms.get(name, {}), known.get(name, _UNKNOWN), period, all_time)
        for name in names
    ]
    return heaviest, [
        statements.repetition(source, usage, known.get(source.fingerprint, _UNKNOWN), period) for source, usage in again
    ]
