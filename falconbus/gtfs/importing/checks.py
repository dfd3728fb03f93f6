"""A check: a condition in SQL that no row may meet, with the fault and its remedy."""

from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from falconbus.gtfs.importing.database import execute
from falconbus.gtfs.report import LISTED, Fault, Report


@dataclass(frozen=True)
class Check:
    """Rows `x` of a staging table that meet `bad` are faults; `wrong` is a SQL text, `remedy` a plain sentence."""

    file: str
    bad: str
    wrong: str
    remedy: str
    source: str = ""

    def run(self, report: Report) -> None:
        """Add the rows that fail the check to the report."""
        statement = (
            f"SELECT line, {self.wrong} AS wrong, count(*) OVER () AS found "  # noqa: S608  the checks' own text
            f"FROM {self.source or f'feed_{self.file}'} AS x WHERE {self.bad} ORDER BY line LIMIT {LISTED}"
        )
        rows = execute(statement, zones=known_zones()).all() if ":zones" in statement else execute(statement).all()
        if rows:
            faults = [Fault(f"{self.file}.txt", row.line, row.wrong, self.remedy) for row in rows]
            report.add_faults(faults, rows[0].found)


@cache
def known_zones() -> list[str]:
    """Return the time zones that Python knows; the statements also check PostgreSQL's own list."""
    return sorted(available_timezones())


def column_value_sql(column: str) -> str:
    """Return the SQL for a column's name and value in a fault's text, cut at 40 characters."""
    return f"'{column} ' || coalesce('\"' || left(x.{column}, 40) || '\"', 'is empty')"
