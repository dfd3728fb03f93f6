"""The reads of the dashboard: few statements, each for all series of a kind; none grows with the traffic.

Histograms of several rows come end to end, as packing.unpack() adds them up.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from falconbus.performance.dashboard.periods import Period, Piece
from falconbus.platform.database.engine import AnyRow, db

# In the same statement as the rows: they change together, so no minute is counted twice or left out.
_ROLLED = "ARRAY(SELECT minute FROM telemetry_minutes WHERE minute = ANY(CAST(:minutes AS timestamptz[]))) AS rolled"
# A period's parts, each read from rows of its own resolution (Period.pieces()); those it has not are empty.
_PIECES = " UNION ALL ".join(
    f"SELECT series_id, count, total_us, buckets, counters FROM telemetry_rollups"  # noqa: S608
    f" WHERE {{which}} AND resolution = :resolution{n} AND start >= :begin{n} AND start < :end{n}"
    for n in range(3)
)
_WITHOUT_STATEMENTS = "kind IN ('endpoint', 'cache', 'limit', 'task', 'fault', 'queue', 'recorder', 'requests')"
# Endpoints by slot, and all requests. A slot's percentile is its row's; only where a slot has several rows (of several
# releases, or in a long period), where there is more in Redis, and for all requests, do the histograms come along.
_SLOTS = """
    WITH shared AS MATERIALIZED (
        SELECT start FROM telemetry_rollups
        WHERE resolution = :resolution AND kind = 'requests' AND start >= :begin AND start < :end
        GROUP BY start HAVING count(*) > 1),
    placed AS (
        SELECT *, CAST(date_part('epoch', start) - :first AS integer) / CAST(:slot_seconds AS integer) AS slot
        FROM telemetry_rollups
        WHERE resolution = :resolution AND kind IN ('endpoint', 'requests') AND start >= :begin AND start < :end),
    judged AS (
        SELECT *, :all_exact OR p95_bucket IS NULL OR slot = ANY(CAST(:open AS integer[]))
            OR start IN (SELECT start FROM shared) AS exact
        FROM placed),
    -- Materialized: what is not needed must not be sorted along.
    told AS MATERIALIZED (
        SELECT series_id, slot, count, p95_bucket, exact, CASE WHEN exact THEN buckets END AS buckets,
            CASE WHEN kind = 'requests' THEN coalesce(CAST(counters->>'5xx' AS bigint), 0) END AS errors,
            CASE WHEN kind = 'requests' THEN coalesce(CAST(counters->>'4xx' AS bigint), 0) END AS refusals
        FROM judged)
    SELECT series_id,
        '[' || array_to_string(array_agg(slot), ',') || ']' AS slots,
        '[' || array_to_string(array_agg(count), ',') || ']' AS counts,
        '[' || array_to_string(array_agg(p95_bucket), ',', 'null') || ']' AS p95s,
        array_agg(slot) FILTER (WHERE exact) AS exact,
        array_agg(buckets) FILTER (WHERE exact) AS histograms,
        array_agg(errors) FILTER (WHERE errors IS NOT NULL) AS errors,
        array_agg(refusals) FILTER (WHERE refusals IS NOT NULL) AS refusals
    FROM told GROUP BY series_id
"""
# The newest requests of a fault: a few of the few that are kept.
_FAILURES = """
    CASE WHEN s.kind = 'fault' THEN ARRAY(
        SELECT json_build_array(extract(epoch FROM p.at), p.request_id) FROM telemetry_samples p
        WHERE p.series_id = s.id AND p.at >= :begin AND p.at < :end ORDER BY p.at DESC LIMIT :named) END AS failures
"""
_OVERVIEW = text(f"""
    SELECT s.key, f.number, f.total_us, f.buckets, f.counters,
        l.slots, l.counts, l.p95s, l.exact, l.histograms, l.errors, l.refusals, {_FAILURES}, {_ROLLED}
    FROM (
        SELECT series_id, CAST(sum(count) AS bigint) AS number, CAST(sum(total_us) AS bigint) AS total_us,
            string_agg(buckets, '') AS buckets, '[' || string_agg(CAST(counters AS text), ',') || ']' AS counters
        FROM ({_PIECES.format(which=_WITHOUT_STATEMENTS)}) r
        GROUP BY series_id) f
    JOIN telemetry_series s ON s.id = f.series_id
    LEFT JOIN ({_SLOTS}) l USING (series_id)
""")  # noqa: S608  the parts stand above
_CHOSEN = text(f"""
    SELECT s.key, f.starts, f.counts, f.totals, f.histograms, f.counters, {_ROLLED}
    FROM (
        SELECT series_id, array_agg(CAST(extract(epoch FROM start) AS bigint)) AS starts,
            array_agg(count) AS counts, array_agg(total_us) AS totals, array_agg(buckets) AS histograms,
            '[' || string_agg(CAST(counters AS text), ',') || ']' AS counters
        FROM telemetry_rollups
        WHERE resolution = :resolution AND series_id = ANY(CAST(:series AS integer[]))
            AND start >= :begin AND start < :end
        GROUP BY series_id) f
    JOIN telemetry_series s ON s.id = f.series_id
""")  # noqa: S608  the parts stand above
_HISTOGRAMS = text(f"""
    SELECT s.key[3] AS fingerprint, string_agg(r.buckets, '') AS buckets
    FROM ({_PIECES.format(which="series_id = ANY(CAST(:series AS integer[]))")}) r
    JOIN telemetry_series s ON s.id = r.series_id
    GROUP BY s.key[3]
""")  # noqa: S608  the parts stand above
_SUMS = f"""
    SELECT s.id, s.key, f.calls, f.total_us, f.repeated, f.repeated_in, {_ROLLED}
    FROM (
        SELECT series_id, CAST(sum(count) AS bigint) AS calls, CAST(sum(total_us) AS bigint) AS total_us,
            CAST(coalesce(sum(CAST(counters->>'repeated' AS bigint)), 0) AS bigint) AS repeated,
            CAST(coalesce(sum(CAST(counters->>'repeated_in' AS bigint)), 0) AS bigint) AS repeated_in
        FROM ({_PIECES}) r
        GROUP BY series_id) f
    JOIN telemetry_series s ON s.id = f.series_id
"""  # noqa: S608
_STATEMENTS = text(_SUMS.format(which="kind = 'statement'"))
_OWNED = "series_id IN (SELECT id FROM telemetry_series WHERE kind = 'statement' AND key[2] = CAST(:owner AS text))"
_STATEMENTS_OF = text(_SUMS.format(which=_OWNED))
_TEXTS = text("""
    SELECT fingerprint, text, chain, plan IS NOT NULL AS has_plan, plan->'Plan'->'Total Cost' AS cost,
        ARRAY(
            SELECT DISTINCT c.relname FROM jsonb_path_query(
                plan, 'strict $.** ? (@."Node Type" == "Seq Scan")."Relation Name"') AS scanned(name)
            JOIN pg_class c ON c.relname = scanned.name #>> '{}' AND pg_table_is_visible(c.oid)
            WHERE greatest(c.reltuples, pg_stat_get_live_tuples(c.oid)) >= :large) AS scans,
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


#: Reading a table of fewer rows whole is right: that is quicker than an index.
LARGE = 1000


def _within(period: Period, **more: Any) -> dict[str, Any]:
    return {"resolution": int(period.resolution), "begin": period.begin, "end": period.end, **more}


def _in_pieces(period: Period, **more: Any) -> dict[str, Any]:
    nothing = Piece(period.resolution, period.begin, period.begin)
    pieces = [*period.pieces(), nothing, nothing][:3]
    for number, piece in enumerate(pieces):
        more |= {f"resolution{number}": int(piece.resolution), f"begin{number}": piece.begin, f"end{number}": piece.end}
    return more


def overview(period: Period, minutes: Collection[datetime], named: int) -> Sequence[AnyRow]:
    """Return all series but statements, a row each, in total and by slot; `rolled` lists the `minutes` they include.

    `slots`, `counts` and `p95s` have an entry a rollup; `exact` and `histograms` only where these are needed;
    `failures` are the newest `named` requests of a fault.
    """
    slots = {
        "first": int(period.begin.timestamp()),
        "slot_seconds": period.slot_seconds,
        "all_exact": period.slot_seconds > period.resolution,
        "open": sorted({period.slot_of(minute.timestamp()) for minute in minutes}),
    }
    fields = _within(period, minutes=list(minutes), named=named, **slots, **_in_pieces(period))
    return db.session.execute(_OVERVIEW, fields).all()


def chosen_series(period: Period, series: Collection[int], minutes: Collection[datetime]) -> Sequence[AnyRow]:
    """Return series by their ids, a row each with an entry a rollup."""
    return db.session.execute(_CHOSEN, _within(period, series=list(series), minutes=list(minutes))).all()


def histograms(period: Period, series: Collection[int]) -> Sequence[AnyRow]:
    """Return the histograms of statements by fingerprint."""
    return db.session.execute(_HISTOGRAMS, _in_pieces(period, series=list(series))).all() if series else []


def statement_sums(period: Period, minutes: Collection[datetime]) -> Sequence[AnyRow]:
    """Return calls, time and repetitions of every statement by owner and line, without histograms."""
    return db.session.execute(_STATEMENTS, _in_pieces(period, minutes=list(minutes))).all()


def statement_sums_of(period: Period, owner: str, minutes: Collection[datetime]) -> Sequence[AnyRow]:
    """Return the same for the statements that one endpoint or task sent."""
    return db.session.execute(_STATEMENTS_OF, _in_pieces(period, owner=owner, minutes=list(minutes))).all()


def texts(fingerprints: Collection[str]) -> Sequence[AnyRow]:
    """Return statements without values, the lines that lead to them, and what to know of their plans."""
    fields = {"fingerprints": list(fingerprints), "large": LARGE}
    return db.session.execute(_TEXTS, fields).all() if fingerprints else []


def find_statement(fingerprint: str) -> AnyRow | None:
    """Return one statement with its whole plan; None when it is unknown."""
    return next(iter(db.session.execute(_STATEMENT, {"fingerprint": fingerprint}).all()), None)


def statement_ids(fingerprint: str) -> list[int]:
    """Return the ids of a statement's series, one for each owner and line."""
    return [row.id for row in db.session.execute(_STATEMENT_IDS, {"fingerprint": fingerprint}).all()]


def find_endpoint_id(key: str) -> int | None:
    """Return the id of an endpoint's series; None when it was never rolled up."""
    return next((row.id for row in db.session.execute(_ENDPOINT_ID, {"name": key}).all()), None)


def samples(series_id: int, begin: datetime, end: datetime, limit: int) -> Sequence[AnyRow]:
    """Return the slowest samples, slowest first."""
    return db.session.execute(_SAMPLES, {"series_id": series_id, "begin": begin, "end": end, "limit": limit}).all()


def releases(period: Period, limit: int) -> Sequence[AnyRow]:
    """Return the releases that ran in the period, newest first."""
    return db.session.execute(_RELEASES, {"begin": period.begin, "end": period.end, "limit": limit}).all()
