"""How many indexes nobody has used, since when: one question for the overview, which the vitals answer in full."""

from datetime import datetime

import msgspec
from sqlalchemy import text

from falconbus.platform.database.engine import db

# A database's counts were never reset before its first reset: then they are as old as those of the whole server, which
# begin anew after a crash.
SINCE = "coalesce(d.stats_reset, (SELECT b.stats_reset FROM pg_stat_bgwriter b))"
# The rule of postgres._is_unused() as a condition, so that only few indexes have to be measured and none is spelt out.
_UNUSED = text(f"""
    WITH taken AS MATERIALIZED (SELECT relation FROM pg_locks WHERE mode = 'AccessExclusiveLock')
    SELECT count(*) AS number, CAST(coalesce(sum(pg_relation_size(i.indexrelid)), 0) AS bigint) AS bytes,
        (SELECT {SINCE} FROM pg_stat_database d WHERE d.datname = current_database()) AS since
    FROM pg_index i
    JOIN pg_stat_user_indexes s USING (indexrelid)
    WHERE s.idx_scan = 0 AND i.indisvalid AND NOT i.indisunique
        AND NOT EXISTS (SELECT FROM taken WHERE relation IN (i.indrelid, i.indexrelid))
        AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
        AND NOT EXISTS (
            SELECT FROM pg_constraint k
            WHERE k.conrelid = i.indrelid AND k.contype = 'f' AND i.indpred IS NULL
                AND (string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(k.conkey)] @> k.conkey)
""")  # noqa: S608  the part stands above


class UnusedIndexes(msgspec.Struct, frozen=True):
    """The number of unused indexes, their size in bytes, and since when uses are counted."""

    number: int
    bytes: int
    since: datetime


def unused_indexes() -> UnusedIndexes:
    """Return the sum of postgres.vitals().unused_indexes in one statement, which is cheap enough for the overview."""
    return UnusedIndexes(*db.session.execute(_UNUSED).all()[0])
