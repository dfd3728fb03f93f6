"""The values that the advisor's parts exchange: analysis of a statement, candidate indexes, outcome of a trial."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class TrialRefused(Exception):
    """The statement cannot be tried; the message is one line for people, without values."""


@dataclass(frozen=True)
class ExistingIndex:
    """An index of the catalogue; `keys` are columns or expressions, as PostgreSQL writes them."""

    name: str
    keys: tuple[str, ...]
    unique: bool
    partial: bool
    method: str
    valid: bool


@dataclass(frozen=True)
class Table:
    """A table of the catalogue; `columns` maps names to types, `stored` are those that are not generated.

    `distinct` is pg_stats' n_distinct as a number of values; `visible`: found without its schema's name.
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
    """A key of an index: a column, or an expression over columns; `order` is "", "DESC", "NULLS FIRST" ..."""

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
    """One place where a statement reads a table, and the keys that it compares, joins and sorts by there."""

    table: Table
    equal: list[Key] = field(default_factory=list)
    joined: list[Key] = field(default_factory=list)
    ranges: list[Key] = field(default_factory=list)
    order: list[Key] = field(default_factory=list)


class Use(StrEnum):
    """The kind of comparison between a column and a parameter."""

    EQUAL = "equal"
    LOWER = "lower"
    UPPER = "upper"
    LIKE = "like"


@dataclass(frozen=True)
class Comparison:
    """A parameter compared with a column or expression; `array`: by ANY; `direct`: nothing is computed from it."""

    reference: Reference
    key: str
    use: Use
    array: bool
    direct: bool


@dataclass(frozen=True)
class Edge:
    """A join condition: two columns that are equal."""

    left: Table
    left_column: str
    right: Table
    right_column: str


@dataclass
class Analysis:
    """How a statement uses the tables it reads; `fixed` are parameters of known value, such as LIMIT's."""

    references: list[Reference] = field(default_factory=list)
    comparisons: dict[int, list[Comparison]] = field(default_factory=dict)
    fixed: dict[int, str] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)


@dataclass(frozen=True)
class Candidate:
    """An index that may help; its first `equal` keys may stand in any order."""

    table: Table
    keys: tuple[Key, ...]
    equal: int
    name: str


@dataclass(frozen=True)
class Copy:
    """The number of rows copied of a table, and their share of it."""

    rows: int
    share: float


@dataclass(frozen=True)
class Timing:
    """The median time of a statement over several draws of values, and the masked plan of the median draw.

    `costs` are the planner's estimates for each draw, in the order of the draws.
    """

    ms: float
    plan: dict[str, Any]
    costs: tuple[float, ...]


@dataclass(frozen=True)
class Improvement:
    """One index, or two together, that made a statement quicker; `bytes` by index, for the whole table."""

    candidates: tuple[Candidate, ...]
    before: Timing
    after: Timing
    copies: dict[int, Copy]
    bytes: dict[str, int]


@dataclass(frozen=True)
class TrialOutcome:
    """The outcome of a trial: an improvement, or the reason why there is none."""

    improvement: Improvement | None
    reason: str | None
