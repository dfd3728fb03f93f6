"""A check: a condition in SQL that no row may meet, with the fault and its remedy."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import CursorResult

from falconbus.gtfs.importing import skipping
from falconbus.gtfs.importing.database import execute
from falconbus.gtfs.report import LISTED, Fault, Report
from falconbus.platform.database.engine import AnyRow


@dataclass(frozen=True)
class Cure:
    """Statements that mend what is wrong and harmless, each with the note that tells how many rows it changed."""

    steps: tuple[tuple[str, str], ...]

    def apply(self, report: Report) -> None:
        for statement, note in self.steps:
            count = execute(statement).rowcount
            if count and note:
                report.note(note.format(count=count))


@dataclass(frozen=True)
class Check:
    """Rows `x` of a staging table that meet `bad` are faults; `wrong` is a SQL text, `remedy` a plain sentence.

    Where there are some, the cure goes first: what it leaves is a fault.
    """

    file: str
    bad: str
    wrong: str
    remedy: str
    source: str = ""
    cure: Cure | None = None

    def run(self, report: Report, *, skip_faulty: bool = False) -> bool:
        """Add the rows that fail the check to the report; tell whether some were written to feed_faulty instead."""
        rows = self._failing()
        if rows and self.cure is not None:
            self.cure.apply(report)
            rows = self._failing()
        if not rows:
            return False
        faults = [Fault(f"{self.file}.txt", row.line, row.wrong, self.remedy) for row in rows]
        if not skip_faulty or self.file not in skipping.SKIPPABLE:
            report.add_faults(faults, rows[0].found)
            return False
        report.leave_out(faults)
        self._execute(f"INSERT INTO feed_faulty (file, line) SELECT '{self.file}', line FROM {self._rows}")  # noqa: S608
        return True

    @property
    def _rows(self) -> str:
        return f"{self.source or f'feed_{self.file}'} AS x WHERE {self.bad}"

    def _failing(self) -> Sequence[AnyRow]:
        return self._execute(
            f"SELECT line, {self.wrong} AS wrong, count(*) OVER () AS found "  # noqa: S608  the checks' own text
            f"FROM {self._rows} ORDER BY line LIMIT {LISTED}"
        ).all()

    def _execute(self, statement: str) -> CursorResult[Any]:
        return execute(statement, **({"zones": known_zones()} if ":zones" in statement else {}))


def run_checks(checks: Sequence[Check], report: Report, *, skip_faulty: bool, derived: str = "") -> None:
    """Run checks; with `skip_faulty` until the rows that are left have no faults but those that nothing leaves out.

    `derived` is a statement that brings a table made of the staging tables up to date.
    """
    while True:
        # All of them in one round: each fault is to be told.
        found = [check.run(report, skip_faulty=skip_faulty) for check in checks]
        if not any(found):
            return
        skipping.leave_out_faulty(report)
        if derived:
            execute(derived)


@cache
def known_zones() -> list[str]:
    """Return the time zones that Python knows; the statements also check PostgreSQL's own list."""
    return sorted(available_timezones())


def column_value_sql(column: str) -> str:
    """Return the SQL for a column's name and value in a fault's text, cut at 40 characters."""
    return f"'{column} ' || coalesce('\"' || left(x.{column}, 40) || '\"', 'is empty')"
