"""Whether anything refers to a row, asked before the row is changed or deleted under those who rely on it."""

from collections.abc import Collection
from typing import cast

from sqlalchemy import ColumnElement, Table, or_, select

from falconbus.platform.database.engine import Model, db


def is_used(model: type[Model]) -> ColumnElement[bool]:
    """Whether other tables refer to a row of this one, as a condition for a statement on many rows.

    Read from the foreign keys of the whole schema, so that a feature above needs no line here. A row that goes with
    its parent (ON DELETE) is a part, not a user. Lock the rows before asking: a new reference waits for that lock.
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
    """Which of these rows of a table other tables refer to (`is_used`)."""
    if not ids:
        return set()
    table = cast(Table, model.__table__)
    return set(db.session.scalars(select(table.c.id).where(table.c.id.in_(ids), is_used(model))))
