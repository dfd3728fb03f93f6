"""References to a row from other tables, checked before the row is changed or deleted."""

from collections.abc import Collection
from typing import cast

from sqlalchemy import ColumnElement, Table, func, literal, or_, select, union_all

from falconbus.platform.database.engine import Model, db


def is_used(model: type[Model]) -> ColumnElement[bool]:
    """Return the condition that another table refers to a row of this one, for a statement on many rows.

    The foreign keys of the whole schema are read, so a feature above needs no registration here. A row that is deleted
    with its parent (ON DELETE) does not count. Lock the rows first: a new reference waits for that lock.
    """
    table = cast(Table, model.__table__)
    return or_(
        *(
            select(key.parent).where(key.parent == table.c.id).exists()
            for other in Model.metadata.tables.values()
            for key in other.foreign_keys
            if key.column is table.c.id and key.ondelete is None
        )
    )


def describe_uses(row: Model, row_id: int) -> str:
    """Return how many rows of which tables refer to a row: `2 timetables, 61 schedules`."""
    table = cast(Table, row.__table__)
    counts = [
        select(literal(other.name), func.count()).select_from(other).where(key.parent == row_id)
        for other in Model.metadata.sorted_tables
        for key in sorted(other.foreign_keys, key=lambda key: key.parent.name)
        if key.column is table.c.id and key.ondelete is None
    ]
    found = db.session.execute(union_all(*counts)).all()
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found if count)


def find_used(model: type[Model], ids: Collection[int]) -> set[int]:
    """Return which of these rows of a table other tables refer to (`is_used`)."""
    if not ids:
        return set()
    table = cast(Table, model.__table__)
    return set(db.session.scalars(select(table.c.id).where(table.c.id.in_(ids), is_used(model))))
