"""Remedies for repeated statements, found by their text and the mapped classes; no name is built in."""

import re
from collections.abc import Iterator

from sqlalchemy.orm import Mapper, RelationshipDirection

from falconbus.performance.dashboard.figures import RemedyOut
from falconbus.platform.database.engine import Model

_VERB = re.compile(r"\s*(\w+)")
_TABLE = re.compile(r'\b(?:FROM|INTO|UPDATE)\s+(?:ONLY\s+)?(?:"?\w+"?\.)?"?(\w+)"?', re.IGNORECASE)
# The column that is compared with a parameter; a lazy load of SQLAlchemy has the parameter on the left.
_VALUE = r"(?:CAST\()?\$\d+"
_COLUMN = re.compile(
    rf'"?(\w+)"?\s*=\s*{_VALUE}|{_VALUE}(?:\s+AS\s+\w+\))?(?:::\w+)?\s*=\s*(?:"?\w+"?\.)?"?(\w+)"?', re.IGNORECASE
)
_MOST_OPTIONS = 3


def remedy(statement: str) -> RemedyOut:
    """Return the loading option, or the one statement for all rows, that replaces the repetition."""
    table, column = _table(statement), _column(statement)
    verb = match[1].upper() if (match := _VERB.match(statement)) else ""
    if verb == "INSERT":
        return RemedyOut("Collect the rows and insert them with one statement.", _insert(table))
    if verb in {"UPDATE", "DELETE"}:
        return RemedyOut("Change all the rows with one statement.", _change(verb.lower(), table, column))
    options = sorted(set(_options(table, column)))[:_MOST_OPTIONS]
    if options:
        advice = "Load them together with their parents: add the option to the query that reads those."
        return RemedyOut(advice, " or ".join(options))
    return RemedyOut("Ask once, before the loop, for all that it needs.", _in(table, column))


def _table(statement: str) -> str | None:
    match = _TABLE.search(statement)
    return match[1] if match else None


def _column(statement: str) -> str | None:
    _, _, condition = re.sub(r"\s+", " ", statement).partition(" WHERE ")
    match = _COLUMN.search(condition)
    return (match[1] or match[2]) if match else None


def _options(table: str | None, column: str | None) -> Iterator[str]:
    """Yield loading options of relationships that lead to `table` by `column`."""
    for mapper in _mappers():
        for relationship in mapper.relationships:
            target = getattr(relationship.mapper.local_table, "name", None)
            if target == table and column in {remote.name for remote in relationship.remote_side}:
                is_many_to_one = relationship.direction is RelationshipDirection.MANYTOONE
                option = "joinedload" if is_many_to_one else "selectinload"
                yield f"{option}({mapper.class_.__name__}.{relationship.key})"


def _insert(table: str | None) -> str | None:
    name = _class_of(table)
    return f"session.execute(insert({name}), rows)" if name else None


def _change(verb: str, table: str | None, column: str | None) -> str | None:
    name = _class_of(table)
    return f"{verb}({name}).where({name}.{column}.in_(...))" if name and column else None


def _in(table: str | None, column: str | None) -> str | None:
    name = _class_of(table)
    if name and column:
        return f"select({name}).where({name}.{column}.in_(...))"
    return f"WHERE {column} = ANY(...)" if column else None


def _class_of(table: str | None) -> str | None:
    return next((m.class_.__name__ for m in _mappers() if getattr(m.local_table, "name", None) == table), None)


def _mappers() -> list[Mapper[Model]]:
    return sorted(Model.registry.mappers, key=lambda mapper: mapper.class_.__name__)
