"""What came of an import: counts, notes, and every fault with the place where it is."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

LISTED = 100


@dataclass(frozen=True)
class Fault:
    """Something in the feed that keeps it from being imported; `line` counts from 1, the header's."""

    file: str
    line: int | None
    wrong: str
    remedy: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.wrong}; {self.remedy}"


@dataclass
class Report:
    """Grows while a feed is imported. Only the first hundred faults are kept, all are counted."""

    feed: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0
    #: Departures with sold seats that the feed has no more, as people read them.
    withdrawn: list[str] = field(default_factory=list)

    def add_fault(self, file: str, line: int | None, wrong: str, remedy: str) -> None:
        self.add_faults([Fault(file, line, wrong, remedy)], 1)

    def add_faults(self, faults: Sequence[Fault], count: int) -> None:
        """Add `faults`, the first of `count` like them."""
        self.faults.extend(faults[: LISTED - len(self.faults)])
        self.fault_count += count

    def note(self, text: str) -> None:
        """Something to know that does not stop the import."""
        self.notes.append(text)

    def to_dict(self) -> dict[str, Any]:
        """As JSON, the way FeedImport keeps it."""
        return asdict(self)
