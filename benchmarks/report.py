"""The result of a benchmark: a table for people, a document for machines."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Goal:
    """A figure with its goal, a minimum unless `at_most`."""

    name: str
    value: float
    reach: float
    at_most: bool = False

    @property
    def reached(self) -> bool:
        return self.value <= self.reach if self.at_most else self.value >= self.reach


@dataclass
class Report:
    """A benchmark's rows and goals."""

    name: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def reached(self) -> bool:
        return all(goal.reached for goal in self.goals)

    def document(self) -> dict[str, Any]:
        goals = [{**vars(goal), "reached": goal.reached} for goal in self.goals]
        return {"benchmark": self.name, "rows": self.rows, "goals": goals, "notes": self.notes}

    def show(self) -> None:
        print(f"\n{self.name}")
        _show_table(self.rows)
        for note in self.notes:
            print(f"  {note}")
        for goal in self.goals:
            bound = "at most" if goal.at_most else "at least"
            verdict = "reached" if goal.reached else "MISSED"
            print(f"  {goal.name}: {goal.value:,.2f} ({bound} {goal.reach:,g}) {verdict}")


def _show_table(rows: list[dict[str, Any]]) -> None:
    """Print rows in columns as wide as needed; the first column is text, the others are figures."""
    if not rows:
        return
    lines = [[*rows[0]], *([str(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        first, *rest = zip(line, widths, strict=True)
        print("  " + "  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]))
