"""The scopes of a statement: the names that are visible at one place."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from falconbus.performance.advisor.analysis import Reference
from falconbus.performance.advisor.parsing import identifier
from falconbus.platform.kit.lazy import Lazy

_exp = Lazy("sqlglot.expressions")

#: A column of a table that is read.
Field: TypeAlias = tuple[Reference, str]
#: A subquery's columns; of those that are computed, the parameters that they are computed from.
Derived: TypeAlias = dict[str, Field | frozenset[int]]


@dataclass
class Scope:
    """The names that FROM and WITH of one SELECT define, and the scope around it."""

    outer: "Scope | None"
    sources: dict[str, Reference | Derived] = field(default_factory=dict)
    common: dict[str, Derived] = field(default_factory=dict)

    def find_common(self, name: str) -> Derived | None:
        """Return the columns of the WITH query of that name; None without one."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.common:
                return scope.common[name]
            scope = scope.outer
        return None

    def resolve(self, column: Any) -> Field | None:
        """Return the table's column that a name refers to; None when it is computed or unknown."""
        found = self._find(column)
        return found if isinstance(found, tuple) else None

    def parameters_of(self, column: Any) -> frozenset[int]:
        """Return the parameters that a subquery's column is computed from."""
        found = self._find(column)
        return found if isinstance(found, frozenset) else frozenset()

    def _find(self, column: Any) -> Field | frozenset[int] | None:
        name = identifier(column.this) if isinstance(column.this, _exp.Identifier) else ""
        owner = identifier(column.args["table"]) if column.args.get("table") else None
        scope: Scope | None = self
        while scope is not None:
            for alias, source in scope.sources.items():
                if (owner is None or owner == alias) and has(source, name):
                    return find(source, name)
            scope = scope.outer
        return None


def has(source: Reference | Derived, name: str) -> bool:
    """Return whether a source has a column of that name."""
    return name in (source.table.columns if isinstance(source, Reference) else source)


def find(source: Reference | Derived, name: str) -> Field | frozenset[int]:
    """Return a source's column as the table's, or the parameters that it is computed from."""
    return (source, name) if isinstance(source, Reference) else source[name]


def columns_of(source: Reference | Derived) -> Derived:
    """Return all columns of a source, as `*` does."""
    return {name: (source, name) for name in source.table.columns} if isinstance(source, Reference) else dict(source)
