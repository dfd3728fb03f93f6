"""Sample values for a statement's parameters, drawn from the copy, so that it finds what real calls find."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from psycopg import Connection, sql

from falconbus.performance.advisor.analysis import Analysis, Comparison, Table, TrialRefused, Use

#: Values as text by the parameters' numbers; an array literal for a parameter of ANY.
Draw: TypeAlias = dict[int, str]

DRAWS = 3
_IN_A_LIST = 5
# Where in a column's values the bounds of a range lie: both bounds, only the lower, only the upper one.
_BETWEEN = ((0.45, 0.5), (0.9, 0.95), (0.05, 0.1))
_ABOVE, _BELOW = (0.9, 0.95, 0.8), (0.1, 0.05, 0.2)

_COMMON = sql.SQL(
    "SELECT {texts} FROM {table} WHERE {known} GROUP BY {columns} ORDER BY count(*) DESC, {columns} LIMIT 1"
)
_SOME = sql.SQL("SELECT {texts} FROM {table} WHERE {known} ORDER BY hashtext(ctid::text) LIMIT {most}")
_LIST = sql.SQL(
    "SELECT array_agg(value)::text FROM (SELECT {column} AS value FROM {table} WHERE {known}"
    " ORDER BY hashtext(ctid::text) OFFSET {skipped} LIMIT {most}) x"
)
_QUANTILES = sql.SQL(
    "SELECT (percentile_disc({shares}) WITHIN GROUP (ORDER BY {column}))::text[] FROM {table} WHERE {known}"
)


def draw(connection: Connection[Any], schema: str, analysis: Analysis, parameters: Iterable[int]) -> list[Draw]:
    """Return several draws: of a common value, then of other rows. TrialRefused for a parameter beside no column."""
    chosen = {number: _best(number, analysis) for number in parameters if number not in analysis.fixed}
    draws: list[Draw] = [dict(analysis.fixed) for _ in range(DRAWS)]
    by_table: dict[int, dict[int, Comparison]] = {}
    for number, comparison in chosen.items():
        by_table.setdefault(id(comparison.reference), {})[number] = comparison
    for compared in by_table.values():
        table = next(iter(compared.values())).reference.table
        source = _Source(connection, schema, table)
        for values in (source.rows(compared), source.lists(compared), source.bounds(compared)):
            for draw_values, more in zip(draws, values, strict=True):
                draw_values.update(more)
    return draws if chosen else draws[:1]


def _best(number: int, analysis: Analysis) -> Comparison:
    found = analysis.comparisons.get(number, [])
    if not found:
        raise TrialRefused(f"the column that ${number} is compared with could not be found")
    return min(found, key=lambda each: (not each.direct, each.use is not Use.EQUAL))


class _Source:
    """A copied table to draw values from."""

    def __init__(self, connection: Connection[Any], schema: str, table: Table) -> None:
        self._connection = connection
        self._name = sql.Identifier(schema, table.name)
        self._table = table

    def rows(self, compared: Mapping[int, Comparison]) -> list[Draw]:
        """Return values that occur in one row together: the most common, and those of other rows."""
        wanted = {
            number: each.key
            for number, each in compared.items()
            if not each.array and each.use in {Use.EQUAL, Use.LIKE}
        }
        if not wanted:
            return [{}] * DRAWS
        columns = sorted(set(wanted.values()))
        parts = {
            "texts": _joined(columns, sql.SQL("{}::text")),
            "columns": _joined(columns, sql.SQL("{}")),
            "table": self._name,
            "known": _known(columns),
        }
        rows = self._ask(_COMMON.format(**parts)) + self._ask(_SOME.format(**parts, most=sql.Literal(DRAWS - 1)))
        if not rows:
            raise TrialRefused(f"{self._table.name} has no rows with {', '.join(columns)}")
        draws: list[Draw] = []
        for place in range(DRAWS):
            values = dict(zip(columns, rows[place % len(rows)], strict=True))
            draws.append(
                {
                    number: f"{values[column][:3]}%" if compared[number].use is Use.LIKE else values[column]
                    for number, column in wanted.items()
                }
            )
        return draws

    def lists(self, compared: Mapping[int, Comparison]) -> list[Draw]:
        """Return arrays of a few values, for ANY."""
        draws: list[Draw] = [{} for _ in range(DRAWS)]
        for number, each in compared.items():
            if each.array:
                parts = {"column": sql.SQL(each.key), "table": self._name, "known": _known([each.key])}
                for place, values_of_draw in enumerate(draws):
                    skipped, most = sql.Literal(place * _IN_A_LIST), sql.Literal(_IN_A_LIST)
                    rows = self._ask(_LIST.format(**parts, skipped=skipped, most=most))
                    values_of_draw[number] = str(rows[0][0] or "{}")
        return draws

    def bounds(self, compared: Mapping[int, Comparison]) -> list[Draw]:
        """Return quantiles for the bounds of ranges: a twentieth of the rows between two, a tenth beyond one."""
        draws: list[Draw] = [{} for _ in range(DRAWS)]
        ranges = {
            number: each for number, each in compared.items() if each.use in {Use.LOWER, Use.UPPER} and not each.array
        }
        for column in sorted({each.key for each in ranges.values()}):
            mine = {number: each.use for number, each in ranges.items() if each.key == column}
            both = len(set(mine.values())) > 1
            shares = {
                Use.LOWER: [low for low, _ in _BETWEEN] if both else list(_ABOVE),
                Use.UPPER: [high for _, high in _BETWEEN] if both else list(_BELOW),
            }
            for use, places in shares.items():
                for number in (number for number, each in mine.items() if each is use):
                    for draw_values, value in zip(draws, self._quantiles(column, places), strict=True):
                        draw_values[number] = value
        return draws

    def _quantiles(self, column: str, shares: list[float]) -> list[str]:
        parts = {"column": sql.SQL(column), "table": self._name, "known": _known([column])}
        array = sql.SQL("ARRAY[{}]::float8[]").format(sql.SQL(", ").join(map(sql.Literal, shares)))
        rows = self._ask(_QUANTILES.format(**parts, shares=array))
        if not rows or rows[0][0] is None:
            raise TrialRefused(f"{self._table.name} has no rows with {column}")
        return list(rows[0][0])

    def _ask(self, query: sql.Composed) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, prepare=False).fetchall()


def _joined(columns: Iterable[str], form: sql.SQL) -> sql.Composed:
    return sql.SQL(", ").join(form.format(sql.SQL(column)) for column in columns)


def _known(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(sql.SQL(column)) for column in columns)
