"""A sampled copy of the tables that a statement reads, of rows that belong together."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg import Connection, sql

from falconbus.performance.advisor.analysis import Copy, Edge, Table, TrialRefused
from falconbus.performance.advisor.deadline import Deadline

ROWS = 200_000
#: Of the first of several joined tables at least ROWS divided by this is copied, however many rows join each.
_LEAST_SHARE = 10

# The planner's own estimate is right for tables that grew since they were last analysed.
_ESTIMATE = sql.SQL("EXPLAIN (FORMAT JSON) SELECT FROM {}")
_LIKE = sql.SQL(
    "CREATE UNLOGGED TABLE {} (LIKE {} INCLUDING ALL EXCLUDING COMMENTS EXCLUDING IDENTITY EXCLUDING DEFAULTS)"
)


class Sample:
    """Copies tables into a scratch schema, one after the other."""

    def __init__(self, connection: Connection[Any], schema: str, most: int, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline
        self._schema = schema
        self._most = most
        self.copies: dict[int, Copy] = {}

    def take(self, tables: Iterable[Table], edges: Sequence[Edge], wanted_first: Iterable[Table]) -> None:
        """Copy all tables: first those that parameters are compared with, then those joined to them."""
        every = {table.oid: table for table in tables}
        if len({table.name for table in every.values()}) < len(every):
            raise TrialRefused("it reads two tables of the same name in different schemas")
        rows = {oid: self._estimate(table) for oid, table in every.items()}
        first = [table.oid for table in wanted_first if table.oid in every]
        waiting = sorted(every, key=lambda oid: (rows[oid] > self._most, oid not in first, -rows[oid]))
        while waiting:
            edge_of = {oid: self._edge_to(oid, edges) for oid in waiting}
            oid = next((each for each in waiting if edge_of[each] or rows[each] <= self._most), waiting[0])
            waiting.remove(oid)
            self._deadline.hold(self._connection)
            self._copy(every[oid], rows, edge_of[oid], [rows[other] for other in waiting])

    def _copy(self, table: Table, rows: Mapping[int, int], edge: Edge | None, others: list[int]) -> None:
        connection, total = self._connection, rows[table.oid]
        target, source = sql.Identifier(self._schema, table.name), sql.Identifier(table.schema, table.name)
        columns = sql.SQL(", ").join(map(sql.Identifier, table.stored))
        connection.execute(_LIKE.format(target, source), prepare=False)
        limit = sql.Literal(self._most)
        if total <= self._most:
            chosen = sql.SQL("{} LIMIT {}").format(source, limit)
        elif edge is not None:
            mine, (other, theirs) = _ends(edge, table)
            chosen = sql.SQL("{} WHERE {} IN (SELECT {} FROM {}) LIMIT {}").format(
                source, sql.Identifier(mine), sql.Identifier(theirs), sql.Identifier(self._schema, other.name), limit
            )
        else:
            # So few that the rows of the others that belong to them fit as well, but not too few to measure.
            largest = max([total, *others])
            share = max(self._most * total / largest, self._most / _LEAST_SHARE) / total
            chosen = sql.SQL("{} TABLESAMPLE SYSTEM ({}) REPEATABLE (1) LIMIT {}").format(
                source, sql.Literal(min(100.0, 100 * share)), limit
            )
        copied = connection.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(target, columns, columns, chosen), prepare=False
        ).rowcount
        connection.execute(sql.SQL("ANALYZE {}").format(target), prepare=False)
        self.copies[table.oid] = Copy(copied, min(1.0, copied / max(total, 1)) if total > self._most else 1.0)

    def _edge_to(self, oid: int, edges: Sequence[Edge]) -> Edge | None:
        """Return the join of a table to one that was copied in part; None without one."""
        for edge in edges:
            for mine, other in ((edge.left, edge.right), (edge.right, edge.left)):
                copy = self.copies.get(other.oid)
                if mine.oid == oid and other.oid != oid and copy is not None and copy.share < 1:
                    return edge
        return None

    def _estimate(self, table: Table) -> int:
        """Return a table's number of rows, counted when they are few."""
        source = sql.Identifier(table.schema, table.name)
        found = self._connection.execute(_ESTIMATE.format(source), prepare=False).fetchone()
        estimate = int(found[0][0]["Plan"]["Plan Rows"]) if found else 0
        if estimate > 2 * self._most:
            return estimate
        count = self._connection.execute(
            sql.SQL("SELECT count(*) FROM (SELECT FROM {} LIMIT {}) x").format(source, sql.Literal(self._most + 1)),
            prepare=False,
        ).fetchone()
        counted = int(count[0]) if count else 0
        return counted if counted <= self._most else max(counted, estimate)


def _ends(edge: Edge, table: Table) -> tuple[str, tuple[Table, str]]:
    if edge.left.oid == table.oid:
        return edge.left_column, (edge.right, edge.right_column)
    return edge.right_column, (edge.left, edge.left_column)


def full_size(bytes_of_copy: int, share: float) -> int:
    """Return the estimated size of an index on the whole table, from that on the copy."""
    return math.ceil(bytes_of_copy / share) if share > 0 else bytes_of_copy
