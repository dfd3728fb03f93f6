"""References to a row from other tables, checked before the row is changed or deleted."""

from collections.abc import Collection
from typing import cast

from sqlalchemy import ColumnElement, Table, or_, select

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


def find_used(model: type[Model], ids: Collection[int]) -> set[int]:
    """Return which of these rows of a table other tables refer to (`is_used`)."""
    if not ids:
        return set()
    table = cast(Table, model.__table__)
    return set(db.session.scalars(select(table.c.id).where(table.c.id.in_(ids), is_used(model))))
