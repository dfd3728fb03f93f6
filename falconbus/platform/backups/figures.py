"""The rows of every table, counted and summed up, so that a restored copy can be held beside the original.

A row's hash is of its text, and a table's checksum the sum of its rows' hashes, which needs no order. An incremental
backup counts every row, and sums up those written since the full one it adds to: physical copies keep the transaction
that wrote a row (`xmin`), and the older rows are summed up by the full one.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count as count_from

import psycopg
from psycopg import sql

from falconbus.platform.backups.errors import BackupFailed
from falconbus.platform.backups.manifest import Manifest, Table
from falconbus.platform.backups.source import Source
from falconbus.platform.kit import clock

_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relpersistence = 'p' ORDER BY relname
"""
_COUNT = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)){since}, 0)::text FROM {table} t"
_SINCE = " FILTER (WHERE age(xmin) BETWEEN 0 AND age(({first}::bigint % 4294967296)::text::xid))"
_SECONDS_TO_BE_STILL = 30.0


def count(connection: psycopg.Connection, counted_from: int = 0) -> dict[str, Table]:
    """Return every table's figures as the connection's transaction sees them."""
    since = sql.SQL(_SINCE).format(first=sql.Literal(counted_from)) if counted_from else sql.SQL("")
    found = {}
    for (name,) in connection.execute(_TABLES).fetchall():
        statement = sql.SQL(_COUNT).format(since=since, table=sql.Identifier(name))
        row = connection.execute(statement).fetchone()
        if row is not None:
            found[name] = Table(*row)
    return found


def differences(expected: Mapping[str, Table], found: Mapping[str, Table]) -> list[str]:
    """Return what differs, a phrase for each table."""
    told = []
    for name in sorted({*expected, *found}):
        before, after = expected.get(name), found.get(name)
        if before is None or after is None:
            told.append(f"{name} is {'missing' if after is None else 'new'}")
        elif before.rows != after.rows:
            told.append(f"{name} has {after.rows:,} rows instead of {before.rows:,}")
        elif before.checksum != after.checksum:
            told.append(f"{name} has other values")
    return told


def check(target: Source, backup: Manifest) -> None:
    """Compare a restored copy with what was counted when the backup was taken; BackupFailed says what differs."""
    if backup.tables is None:
        return
    with target.connect() as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = count(connection, backup.counted_from)
    told = differences(backup.tables, found)
    if told:
        raise BackupFailed(f"{backup.name} does not hold what the database held: {'; '.join(told[:5])}")


@dataclass(frozen=True)
class Moment:
    """A point of the write-ahead log. `reader` sees exactly what was committed by then; None: nobody held still."""

    at: datetime
    point: str
    log_file: str
    next_transaction: int
    reader: psycopg.Connection | None


@contextmanager
def mark_moment(source: Source, name: str) -> Iterator[Moment]:
    """Put a named point in the write-ahead log, together with a snapshot of the same state.

    No lock is taken, which would hold up sales: the point is put between two looks at the running transactions. When no
    transaction that writes ran at the first look, and none has begun by the second, what is committed stands before the
    point, and nothing after it. That is tried for half a minute, each try with a point of its own.
    """
    deadline = time.monotonic() + _SECONDS_TO_BE_STILL
    with source.connect() as marker, source.connect() as reader:
        # Something is committed after every moment up to now: the log says by it that they have passed.
        marker.execute("SELECT pg_current_xact_id()")
        for number in count_from(1):
            reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            before = _running(reader)
            is_late = time.monotonic() > deadline
            if is_late or before.is_still:
                point, at = f"{name}.{number}", clock.now()
                row = marker.execute("SELECT pg_walfile_name(pg_create_restore_point(%s))", [point]).fetchone()
                is_exact = before.is_still and _running(marker) == before
                if row and (is_exact or is_late):
                    yield Moment(at, point, row[0], before.oldest, reader if is_exact else None)
                    return
            reader.execute("ROLLBACK")
            time.sleep(0.002)


@dataclass(frozen=True)
class _Running:
    """The transactions that write: the oldest of them, and the first that is yet to come."""

    oldest: int
    next: int

    @property
    def is_still(self) -> bool:
        return self.oldest == self.next


def _running(connection: psycopg.Connection) -> _Running:
    row = connection.execute(
        "SELECT pg_snapshot_xmin(now)::text, pg_snapshot_xmax(now)::text FROM pg_current_snapshot() AS now"
    ).fetchone()
    return _Running(*map(int, row or (0, 1)))
