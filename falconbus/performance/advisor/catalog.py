"""The catalogue: tables, their columns, statistics and indexes, and functions."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import Connection
from psycopg.rows import namedtuple_row

from falconbus.performance.advisor.analysis import ExistingIndex, Table, TrialRefused
from falconbus.performance.advisor.parsing import Named
from falconbus.performance.vitals.sql_names import quote

# Key by key, with its direction: NULLS LAST is the default of ascending keys, NULLS FIRST of descending ones.
_TABLES = """
    SELECT w.place, c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
        pg_table_is_visible(c.oid) AS visible, c.reltuples, pg_relation_size(c.oid) AS bytes,
        ARRAY(SELECT ARRAY[a.attname::text, format_type(a.atttypid, a.atttypmod), a.attgenerated::text]
              FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              ORDER BY a.attnum) AS columns,
        (SELECT coalesce(json_object_agg(s.attname, s.n_distinct), '{}') FROM pg_stats s
         WHERE s.schemaname = n.nspname AND s.tablename = c.relname) AS distincts,
        (SELECT coalesce(json_agg(json_build_array(ic.relname, i.indisunique, i.indpred IS NOT NULL, am.amname,
                i.indisvalid, ARRAY(
                    SELECT pg_get_indexdef(i.indexrelid, k, true)
                        || CASE i.indoption[k - 1] WHEN 1 THEN ' DESC NULLS LAST' WHEN 2 THEN ' NULLS FIRST'
                                                   WHEN 3 THEN ' DESC' ELSE '' END
                    FROM generate_series(1, i.indnkeyatts) k ORDER BY k))), '[]')
         FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_am am ON am.oid = ic.relam
         WHERE i.indrelid = c.oid) AS indexes
    FROM unnest(%s::text[]) WITH ORDINALITY w (written, place)
    LEFT JOIN pg_class c ON c.oid = to_regclass(w.written)
    LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
    ORDER BY w.place
"""
# Functions that may write, or return another value at each call: all of these but a few that only read.
_VOLATILE = """
    SELECT DISTINCT proname::text FROM pg_proc
    WHERE proname = ANY(%s) AND provolatile = 'v'
        AND proname <> ALL('{random,clock_timestamp,timeofday,gen_random_uuid,uuidv4,uuidv7}') ORDER BY 1
"""
_TABLE, _VIEW = "r", {"v": "a view", "m": "a materialised view", "p": "partitioned", "f": "a foreign table"}


def tables(connection: Connection[Any], named: Iterable[Named]) -> dict[Named, Table]:
    """Return the tables that a statement names; TrialRefused when one is missing or is no ordinary table."""
    wanted = sorted(named, key=lambda each: (each.schema or "", each.name))
    written = [".".join(quote(part) for part in (each.schema, each.name) if part) for each in wanted]
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        rows: Sequence[Any] = cursor.execute(_TABLES, (written,)).fetchall()
    found = {}
    for each, row in zip(wanted, rows, strict=True):
        if row.oid is None:
            raise TrialRefused(f"there is no table {each.name} here")
        if row.schema in {"pg_catalog", "information_schema"}:
            raise TrialRefused("it reads PostgreSQL's own catalogue")
        if row.kind != _TABLE:
            raise TrialRefused(f"{each.name} is {_VIEW.get(row.kind, 'no table')}: only ordinary tables are copied")
        found[each] = _table(row)
    return found


def check_functions(connection: Connection[Any], names: Iterable[str]) -> None:
    """Raise TrialRefused when the statement calls a function that may write: a rollback does not undo everything."""
    found = connection.execute(_VOLATILE, (sorted(names),)).fetchone()
    if found:
        raise TrialRefused(f"it calls {found[0]}(), which may do more than read")


def _table(row: Any) -> Table:
    rows = row.reltuples if row.reltuples > 0 else row.bytes / 100
    return Table(
        oid=row.oid,
        schema=row.schema,
        name=row.name,
        kind=row.kind,
        visible=row.visible,
        rows=int(rows),
        columns={name: kind for name, kind, _ in row.columns},
        stored=tuple(name for name, _, generated in row.columns if not generated),
        # A negative n_distinct is a share of the rows.
        distinct={name: -number * rows if number < 0 else number for name, number in row.distincts.items()},
        indexes=tuple(
            ExistingIndex(name, tuple(keys), unique, partial, method, valid)
            for name, unique, partial, method, valid, keys in row.indexes
        ),
    )
