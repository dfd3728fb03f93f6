"""The report of an import: counts, notes and faults with their places in the feed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

LISTED = 100


@dataclass(frozen=True)
class Fault:
    """A reason not to import the feed; `line` counts from 1, the header's."""

    file: str
    line: int | None
    wrong: str
    remedy: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.wrong}; {self.remedy}"


@dataclass
class Report:
    """The report of an import, filled as it proceeds. The first hundred faults are kept, all are counted."""

    feed: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0
    #: With `skip_faulty`: the first hundred faults whose trips were left out.
    left_out: list[str] = field(default_factory=list)
    #: What is other than in the feed's last version, a line for each kind: how many, and the first of them.
    changes: list[str] = field(default_factory=list)
    #: Departures with sold seats that are no longer in the feed, as text.
    withdrawn: list[str] = field(default_factory=list)

    def add_fault(self, file: str, line: int | None, wrong: str, remedy: str) -> None:
        self.add_faults([Fault(file, line, wrong, remedy)], 1)

    def add_faults(self, faults: Sequence[Fault], count: int) -> None:
        """Add the first of `count` faults of one kind."""
        self.faults.extend(faults[: LISTED - len(self.faults)])
        self.fault_count += count

    def leave_out(self, faults: Sequence[Fault]) -> None:
        """List faults of which the import makes do without the rows."""
        self.left_out.extend(str(fault) for fault in faults[: LISTED - len(self.left_out)])

    def note(self, text: str) -> None:
        """Add a note on something that does not stop the import."""
        self.notes.append(text)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values, as FeedImport stores it."""
        return asdict(self)
