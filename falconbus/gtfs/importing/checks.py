"""A check: a condition in SQL that no row may meet, with what is wrong and what to do."""

from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from falconbus.gtfs.importing.database import execute
from falconbus.gtfs.report import LISTED, Fault, Report


@dataclass(frozen=True)
class Check:
    """Rows `x` of a staging table that meet `bad` are faults; `wrong` is SQL text, `remedy` a plain sentence."""

    file: str
    bad: str
    wrong: str
    remedy: str
    source: str = ""

    def run(self, report: Report) -> None:
        """Add what it finds to the report."""
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
    """The time zones that Python knows; PostgreSQL is asked for its own beside."""
    return sorted(available_timezones())


def column_value_sql(column: str) -> str:
    """SQL for a column's name and value in a fault, cut short."""
    return f"'{column} ' || coalesce('\"' || left(x.{column}, 40) || '\"', 'is empty')"
