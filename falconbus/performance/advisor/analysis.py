"""What the parts of the advisor hand to each other."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Unproven(Exception):
    """There will be no advice on a statement; the message is one line for people, without values."""


@dataclass(frozen=True)
class ExistingIndex:
    """An index as the catalogue has it; `keys` are columns or expressions, as PostgreSQL writes them."""

    name: str
    keys: tuple[str, ...]
    unique: bool
    partial: bool
    method: str
    valid: bool


@dataclass(frozen=True)
class Table:
    """A table of the catalogue. `columns`: names to types; `stored`: those that are written, not generated.

    `distinct` is pg_stats' n_distinct made a number of values; `visible`: found without its schema's name.
    """

    oid: int
    schema: str
    name: str
    kind: str
    visible: bool
    rows: int
    columns: dict[str, str]
    stored: tuple[str, ...]
    distinct: dict[str, float]
    indexes: tuple[ExistingIndex, ...]


@dataclass(frozen=True)
class Key:
    """A column, or an expression over columns, as it stands in an index; `order` is "", "DESC", "NULLS FIRST" ..."""

    sql: str
    columns: tuple[str, ...]
    order: str = ""

    @property
    def is_expression(self) -> bool:
        return "(" in self.sql

    def __str__(self) -> str:
        return f"{self.sql} {self.order}".rstrip()


@dataclass(eq=False)
class Reference:
    """One place where a statement reads a table, and what it compares, joins and sorts there."""

    table: Table
    equal: list[Key] = field(default_factory=list)
    joined: list[Key] = field(default_factory=list)
    ranges: list[Key] = field(default_factory=list)
    order: list[Key] = field(default_factory=list)


class Use(StrEnum):
    """What a parameter is compared with a column for."""

    EQUAL = "equal"
    LOWER = "lower"
    UPPER = "upper"
    LIKE = "like"


@dataclass(frozen=True)
class Comparison:
    """A parameter beside a column or expression. `array`: the array of an ANY; `direct`: nothing is computed of it."""

    reference: Reference
    key: str
    use: Use
    array: bool
    direct: bool


@dataclass(frozen=True)
class Edge:
    """Two columns that are joined."""

    left: Table
    left_column: str
    right: Table
    right_column: str


@dataclass
class Analysis:
    """What a statement does with the tables it reads; `fixed` are parameters whose value is clear, such as LIMIT's."""

    references: list[Reference] = field(default_factory=list)
    comparisons: dict[int, list[Comparison]] = field(default_factory=dict)
    fixed: dict[int, str] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)


@dataclass(frozen=True)
class Candidate:
    """An index that may help; the first `equal` keys may stand in any order."""

    table: Table
    keys: tuple[Key, ...]
    equal: int
    name: str


@dataclass(frozen=True)
class Copy:
    """How much of a table was copied."""

    rows: int
    share: float


@dataclass(frozen=True)
class Measured:
    """The median time of a statement over several draws of values, and the masked plan of the median draw.

    `costs`: what the planner expects each draw to cost, in the order of the draws.
    """

    ms: float
    plan: dict[str, Any]
    costs: tuple[float, ...]


@dataclass(frozen=True)
class Proof:
    """That one index, or two together, make a statement quicker; `bytes` by index, for the whole table."""

    candidates: tuple[Candidate, ...]
    before: Measured
    after: Measured
    copies: dict[int, Copy]
    bytes: dict[str, int]


@dataclass(frozen=True)
class Outcome:
    """What came of looking at a statement: a proof, or the reason why there is none."""

    proof: Proof | None
    reason: str | None
