"""The reads of the dashboard: few statements, each for all series of a kind, and none that grows with the traffic.

Rows of one series come as one row: their histograms end to end behind the head of a MessagePack array (`dd` and the
number of its elements, msgpack/spec.md, "array 32"), so that they are decoded in one go.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from falconbus.extensions import AnyRow, read
from falconbus.performance.dashboard.periods import Period

_FOLDED = r"""
    SELECT r.series_id, array_agg(CAST(extract(epoch FROM r.start) AS bigint)) AS starts,
        array_agg(r.count) AS counts, array_agg(r.total_us) AS totals,
        CAST('\xdd' AS bytea) || int4send(CAST(count(*) AS integer)) || string_agg(r.buckets, '') AS buckets,
        '[' || string_agg(CAST(r.counters AS text), ',') || ']' AS counters
    FROM telemetry_rollups r
"""
# In the same statement as the rows: they change together, so no minute is counted twice or left out.
_ROLLED = "ARRAY(SELECT minute FROM telemetry_minutes WHERE minute = ANY(CAST(:minutes AS timestamptz[]))) AS rolled"

_SERIES = text(f"""
    SELECT s.key, f.starts, f.counts, f.totals, f.buckets, f.counters, {_ROLLED}
    FROM ({_FOLDED}
        WHERE r.resolution = :resolution AND r.kind = ANY(CAST(:kinds AS text[]))
            AND r.start >= :begin AND r.start < :end
        GROUP BY r.series_id) f
    JOIN telemetry_series s ON s.id = f.series_id
""")  # noqa: S608  the parts stand above
_CHOSEN = text(f"""
    SELECT s.key, f.starts, f.counts, f.totals, f.buckets, f.counters, {_ROLLED}
    FROM ({_FOLDED}
        WHERE r.resolution = :resolution AND r.series_id = ANY(CAST(:series AS integer[]))
            AND r.start >= :begin AND r.start < :end
        GROUP BY r.series_id) f
    JOIN telemetry_series s ON s.id = f.series_id
""")  # noqa: S608  the parts stand above
_HISTOGRAMS = text(r"""
    SELECT s.key[3] AS fingerprint,
        CAST('\xdd' AS bytea) || int4send(CAST(count(*) AS integer)) || string_agg(r.buckets, '') AS buckets
    FROM telemetry_rollups r JOIN telemetry_series s ON s.id = r.series_id
    WHERE r.resolution = :resolution AND r.series_id = ANY(CAST(:series AS integer[]))
        AND r.start >= :begin AND r.start < :end
    GROUP BY s.key[3]
""")
_SUMS = """
    SELECT s.id, s.key, f.calls, f.total_us, f.repeated, f.repeated_in, {rolled}
    FROM (
        SELECT series_id, CAST(sum(count) AS bigint) AS calls, CAST(sum(total_us) AS bigint) AS total_us,
            CAST(coalesce(sum(CAST(counters->>'repeated' AS bigint)), 0) AS bigint) AS repeated,
            CAST(coalesce(sum(CAST(counters->>'repeated_in' AS bigint)), 0) AS bigint) AS repeated_in
        FROM telemetry_rollups
        WHERE resolution = :resolution AND {which} AND start >= :begin AND start < :end
        GROUP BY series_id) f
    JOIN telemetry_series s ON s.id = f.series_id
"""
_STATEMENTS = text(_SUMS.format(rolled=_ROLLED, which="kind = 'statement'"))
_OWNED = "series_id IN (SELECT id FROM telemetry_series WHERE kind = 'statement' AND key[2] = CAST(:owner AS text))"
_STATEMENTS_OF = text(_SUMS.format(rolled=_ROLLED, which=_OWNED))
_TEXTS = text("""
    SELECT fingerprint, text, chain, plan IS NOT NULL AS has_plan, plan->'Plan'->'Total Cost' AS cost,
        jsonb_path_query_array(plan, 'strict $.** ? (@."Node Type" == "Seq Scan")."Relation Name"') AS scans,
        jsonb_path_query_array(plan, 'strict $.** ? (exists (@."Index Name"))."Index Name"') AS indexes
    FROM telemetry_statements WHERE fingerprint = ANY(CAST(:fingerprints AS text[]))
""")
_STATEMENT = text("""
    SELECT fingerprint, text, types, chain, first_seen, plan, plan_fault, planned_at
    FROM telemetry_statements WHERE fingerprint = :fingerprint
""")
_RELEASES = text("""
    SELECT name, first_seen, last_seen FROM telemetry_releases
    WHERE last_seen >= :begin AND first_seen < :end ORDER BY first_seen DESC, name LIMIT :limit
""")
_ENDPOINT_ID = text("SELECT id FROM telemetry_series WHERE key = ARRAY['endpoint', CAST(:name AS text)]")
_STATEMENT_IDS = text(
    "SELECT id FROM telemetry_series WHERE kind = 'statement' AND key[3] = CAST(:fingerprint AS text)"
)
_SAMPLES = text("""
    SELECT p.at, p.took_us, p.status, p.request_id, p.steps, r.name AS release
    FROM telemetry_samples p LEFT JOIN telemetry_releases r ON r.id = p.release_id
    WHERE p.series_id = :series_id AND p.at >= :begin AND p.at < :end
    ORDER BY p.took_us DESC, p.id LIMIT :limit
""")


def _within(period: Period, **more: Any) -> dict[str, Any]:
    return {"resolution": int(period.resolution), "begin": period.begin, "end": period.end, **more}


def series_of(period: Period, kinds: Collection[str], minutes: Collection[datetime]) -> Sequence[AnyRow]:
    """All series of these kinds in the period, a row each; `rolled` says which of `minutes` are in them already."""
    return read(_SERIES, _within(period, kinds=list(kinds), minutes=list(minutes)))


def chosen_series(period: Period, series: Collection[int], minutes: Collection[datetime]) -> Sequence[AnyRow]:
    """The same for series by their numbers."""
    return read(_CHOSEN, _within(period, series=list(series), minutes=list(minutes)))


def histograms(period: Period, series: Collection[int]) -> Sequence[AnyRow]:
    """The histograms of statements by fingerprint."""
    return read(_HISTOGRAMS, _within(period, series=list(series))) if series else []


def statement_sums(period: Period, minutes: Collection[datetime]) -> Sequence[AnyRow]:
    """Calls, time and repetitions of every statement by owner and line, without histograms."""
    return read(_STATEMENTS, _within(period, minutes=list(minutes)))


def statement_sums_of(period: Period, owner: str, minutes: Collection[datetime]) -> Sequence[AnyRow]:
    """The same for the statements that one endpoint or task sent."""
    return read(_STATEMENTS_OF, _within(period, owner=owner, minutes=list(minutes)))


def texts(fingerprints: Collection[str]) -> Sequence[AnyRow]:
    """Statements without values, the lines that lead to them, and what to know of their plans."""
    return read(_TEXTS, {"fingerprints": list(fingerprints)}) if fingerprints else []


def find_statement(fingerprint: str) -> AnyRow | None:
    """One statement with its whole plan."""
    return next(iter(read(_STATEMENT, {"fingerprint": fingerprint})), None)


def statement_ids(fingerprint: str) -> list[int]:
    """The series of a statement, one for each owner and line."""
    return [row.id for row in read(_STATEMENT_IDS, {"fingerprint": fingerprint})]


def find_endpoint_id(key: str) -> int | None:
    """The series of an endpoint; None when it was never rolled up."""
    return next((row.id for row in read(_ENDPOINT_ID, {"name": key})), None)


def samples(series_id: int, begin: datetime, end: datetime, limit: int) -> Sequence[AnyRow]:
    """The slowest requests that were captured, slowest first."""
    return read(_SAMPLES, {"series_id": series_id, "begin": begin, "end": end, "limit": limit})


def releases(period: Period, limit: int) -> Sequence[AnyRow]:
    """What ran in the period, newest first."""
    return read(_RELEASES, {"begin": period.begin, "end": period.end, "limit": limit})
