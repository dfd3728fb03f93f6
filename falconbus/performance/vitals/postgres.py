"""PostgreSQL's vitals: sizes, cache, connections, locks, and indexes that are unused, duplicate or missing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text

from falconbus.performance.vitals import index_overlaps
from falconbus.performance.vitals.sql_names import quote
from falconbus.performance.vitals.unused_indexes import SINCE
from falconbus.platform.database.engine import AnyRow, db


class TableVitals(msgspec.Struct, frozen=True):
    """A table; sizes in bytes, `rows` and `dead_rows` as PostgreSQL estimates them, scans since `statistics_since`."""

    name: str
    rows: int
    bytes: int
    index_bytes: int
    dead_rows: int
    sequential_scans: int
    index_scans: int


class IndexVitals(msgspec.Struct, frozen=True):
    """An index; `scans` since the statistics count. `primary`, `unique`: it keeps rows apart, whether used or not."""

    name: str
    table: str
    definition: str
    bytes: int
    scans: int
    unique: bool
    primary: bool


class DuplicateIndex(msgspec.Struct, frozen=True):
    """An index whose every use `covered_by` serves; `same`: they are equal, else its columns come first there."""

    name: str
    table: str
    definition: str
    bytes: int
    covered_by: str
    same: bool


class ForeignKeyWithoutIndex(msgspec.Struct, frozen=True):
    """A foreign key whose columns lead no index: a delete in, or a join from, `references` reads all of `table`."""

    name: str
    table: str
    columns: list[str]
    references: str
    rows: int
    definition: str


class Waiting(msgspec.Struct, frozen=True):
    """A backend that waits for a lock, and those that hold it. No statement is shown: it could hold values."""

    process: int
    application: str
    seconds: float
    lock: str
    table: str | None
    blocked_by: list[int]


class LongTransaction(msgspec.Struct, frozen=True):
    """A transaction that is open for long; while it is, no dead row that it may still see is cleaned up."""

    process: int
    application: str
    state: str
    seconds: float


class PostgresOut(msgspec.Struct, frozen=True, kw_only=True):
    """The vitals of the database that the app is connected to. Lists are worst first.

    `cache_hit_share`: of the pages asked for, those that were in PostgreSQL's memory; None before any was.
    `connections`: of this database by state ("active", "idle", "idle in transaction"); `connections_used` of
    `connections_most` are those of the whole server.
    """

    version: str
    database_bytes: int
    cache_hit_share: float | None
    commits: int
    rollbacks: int
    deadlocks: int
    temporary_bytes: int
    statistics_since: datetime
    connections: dict[str, int]
    connections_used: int
    connections_most: int
    tables: list[TableVitals]
    indexes: list[IndexVitals]
    unused_indexes: list[IndexVitals]
    duplicate_indexes: list[DuplicateIndex]
    foreign_keys_without_index: list[ForeignKeyWithoutIndex]
    invalid_indexes: list[str]
    waiting: list[Waiting]
    long_transactions: list[LongTransaction]
    has_pg_stat_statements: bool


#: A transaction that is open for longer is listed.
LONG_SECONDS = 30
_SHOWN = 200

_DATABASE = text(f"""
    SELECT current_setting('server_version') AS version, pg_database_size(d.datid) AS bytes, d.blks_hit, d.blks_read,
        d.xact_commit, d.xact_rollback, d.deadlocks, d.temp_bytes,
        {SINCE} AS since,
        current_setting('max_connections')::int AS most,
        EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements') AS has_statements
    FROM pg_stat_database d WHERE d.datname = current_database()
""")  # noqa: S608  the part stands above
# To measure a relation, or to spell an index out, takes a lock on it. This is looked at when locks pile up: a table
# that somebody has, or waits for, to himself is estimated, and its indexes are left out.
_TABLES = text("""
    WITH taken AS MATERIALIZED (SELECT relation FROM pg_locks WHERE mode = 'AccessExclusiveLock')
    SELECT s.relid::regclass::text AS name, greatest(c.reltuples, s.n_live_tup, 0)::bigint AS rows,
        CASE WHEN s.relid IN (SELECT relation FROM taken) THEN c.relpages * current_setting('block_size')::bigint
             ELSE pg_table_size(s.relid) END AS bytes,
        CASE WHEN s.relid IN (SELECT relation FROM taken) THEN 0 ELSE pg_indexes_size(s.relid) END AS index_bytes,
        s.n_dead_tup AS dead_rows, s.seq_scan AS sequential_scans, coalesce(s.idx_scan, 0) AS index_scans
    FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
""")
# A key is its text with its operator class, collation and direction: two keys are equal only in all of them.
_INDEXES = text("""
    WITH taken AS MATERIALIZED (SELECT relation FROM pg_locks WHERE mode = 'AccessExclusiveLock')
    SELECT i.indexrelid::regclass::text AS name, i.indrelid::regclass::text AS table, i.indrelid::bigint AS table_oid,
        pg_get_indexdef(i.indexrelid) AS definition,
        pg_relation_size(i.indexrelid) AS bytes,
        coalesce(pg_stat_get_numscans(i.indexrelid), 0) AS scans, i.indisunique AS unique, i.indisprimary AS primary,
        i.indisvalid AS valid, am.amname AS method,
        substring(pg_get_indexdef(i.indexrelid) FROM ' WHERE (.*)$') AS predicate,
        EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
            AS constrains,
        EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = i.indrelid AND k.contype = 'f' AND i.indpred IS NULL
                AND (string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(k.conkey)] @> k.conkey)
            AS serves_foreign_key,
        ARRAY(SELECT concat_ws(' ', pg_get_indexdef(i.indexrelid, n, true), i.indclass[n - 1], i.indcollation[n - 1],
                    i.indoption[n - 1])
              FROM generate_series(1, i.indnkeyatts) n ORDER BY n) AS keys,
        ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, true)
              FROM generate_series(i.indnkeyatts + 1, i.indnatts) n ORDER BY 1) AS included
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_am am ON am.oid = c.relam
    JOIN pg_stat_user_tables s ON s.relid = i.indrelid
    WHERE NOT EXISTS (SELECT FROM taken WHERE relation IN (i.indrelid, i.indexrelid))
    ORDER BY bytes DESC, 1
""")
_FOREIGN_KEYS = text("""
    SELECT k.conname AS name, k.conrelid::regclass::text AS table, c.relname, k.confrelid::regclass::text AS referred,
        greatest(c.reltuples, 0)::bigint AS rows,
        ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u (number, place)
              JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY u.place) AS columns
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.contype = 'f' AND c.relkind = 'r'
        AND NOT EXISTS (
            SELECT FROM pg_index i
            WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
                AND (string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(k.conkey)] @> k.conkey)
    ORDER BY rows DESC, 2, 1
""")
_BACKENDS = text("""
    SELECT a.pid, coalesce(a.application_name, '') AS application, coalesce(a.state, 'other') AS state,
        a.datname = current_database() AS here, a.pid = pg_backend_pid() AS mine,
        extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS open_seconds,
        extract(epoch FROM clock_timestamp() - l.waitstart)::float8 AS wait_seconds,
        l.mode, CASE WHEN l.relation IS NOT NULL AND l.database = d.oid THEN l.relation::regclass::text END AS table,
        CASE WHEN l.pid IS NOT NULL THEN pg_blocking_pids(a.pid) ELSE '{}' END AS blocked_by
    FROM pg_stat_activity a
    JOIN pg_database d ON d.datname = current_database()
    LEFT JOIN pg_locks l ON l.pid = a.pid AND NOT l.granted
    WHERE a.backend_type = 'client backend'
    ORDER BY a.xact_start NULLS LAST
""")


def vitals() -> PostgresOut:
    """Return all vitals, in five statements."""
    database = db.session.execute(_DATABASE).all()[0]
    indexes = db.session.execute(_INDEXES).all()
    backends = db.session.execute(_BACKENDS).all()
    sound = [row for row in indexes if row.valid]
    pages = database.blks_hit + database.blks_read
    return PostgresOut(
        version=database.version,
        database_bytes=database.bytes,
        cache_hit_share=database.blks_hit / pages if pages else None,
        commits=database.xact_commit,
        rollbacks=database.xact_rollback,
        deadlocks=database.deadlocks,
        temporary_bytes=database.temp_bytes,
        statistics_since=database.since,
        connections=_by_state(backends),
        connections_used=len(backends),
        connections_most=database.most,
        tables=_tables(),
        indexes=[_index(row) for row in sound[:_SHOWN]],
        unused_indexes=[_index(row) for row in sound if _is_unused(row)],
        duplicate_indexes=_duplicates(sound),
        foreign_keys_without_index=[_foreign_key(row) for row in db.session.execute(_FOREIGN_KEYS).all()],
        invalid_indexes=[row.name for row in indexes if not row.valid],
        waiting=_waiting(backends),
        long_transactions=[
            LongTransaction(row.pid, row.application, row.state, row.open_seconds)
            for row in backends
            if row.here and not row.mine and (row.open_seconds or 0) > LONG_SECONDS
        ],
        has_pg_stat_statements=database.has_statements,
    )


def _tables() -> list[TableVitals]:
    tables = [TableVitals(**_fields(row, TableVitals)) for row in db.session.execute(_TABLES).all()]
    return sorted(tables, key=lambda each: (-each.bytes - each.index_bytes, each.name))[:_SHOWN]


def _by_state(backends: Sequence[AnyRow]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in backends:
        if row.here:
            counts[row.state] = counts.get(row.state, 0) + 1
    return counts


def _fields(row: AnyRow, of: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in of.__struct_fields__}


def _is_unused(row: AnyRow) -> bool:
    """Return whether an index is neither read nor needed for a constraint or a foreign key."""
    return not (row.scans or row.unique or row.constrains or row.serves_foreign_key)


def _index(row: AnyRow) -> IndexVitals:
    return IndexVitals(**_fields(row, IndexVitals))


def _duplicates(indexes: Sequence[AnyRow]) -> list[DuplicateIndex]:
    found = []
    for row in indexes:
        other = index_overlaps.find_cover(row, indexes)
        if other is not None:
            same = len(row.keys) == len(other.keys)
            found.append(DuplicateIndex(row.name, row.table, row.definition, row.bytes, other.name, same))
    return found


def _foreign_key(row: AnyRow) -> ForeignKeyWithoutIndex:
    name = quote("_".join(["ix", row.relname, *row.columns])[:63])
    made = f"CREATE INDEX CONCURRENTLY {name} ON {row.table} ({', '.join(map(quote, row.columns))})"
    return ForeignKeyWithoutIndex(row.name, row.table, row.columns, row.referred, row.rows, made)


def _waiting(backends: Sequence[AnyRow]) -> list[Waiting]:
    waiting = [
        Waiting(row.pid, row.application, row.wait_seconds or 0.0, row.mode, row.table, row.blocked_by)
        for row in backends
        if row.here and row.mode is not None
    ]
    return sorted(waiting, key=lambda each: -each.seconds)
