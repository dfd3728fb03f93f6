"""How PostgreSQL fares: sizes, cache, connections, locks, and indexes that are of no use, twice there, or missing."""

from datetime import datetime

import msgspec


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
    """An index whose every use `covered_by` serves as well; `same`: they are equal, else its columns come first there."""

    name: str
    table: str
    definition: str
    bytes: int
    covered_by: str
    same: bool


class ForeignKeyWithoutIndex(msgspec.Struct, frozen=True):
    """A foreign key whose columns lead no index: a delete of, or a join from, the table it names reads all of `table`."""

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
    statistics_since: datetime | None
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


def vitals() -> PostgresOut:
    """Everything, in five statements."""
    raise NotImplementedError
