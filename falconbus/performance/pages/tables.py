"""Tables that the heads of their columns sort: by links, so that it needs no script."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from flask import request, url_for

from falconbus.platform.kit.errors import Invalid

_Figure = Callable[[Any], float | str | None]
#: In front of a column's name: the other way round.
_REVERSED = "-"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: numbers are sorted with the most first, words from A to Z. Without a `name` it sorts nothing.

    `figure` is what is sorted by; by default the row's attribute of that name.
    """

    label: str
    name: str = ""
    figure: _Figure | None = None
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head: where its link leads, and how the table is sorted by it now ("ascending", "descending")."""

    label: str
    is_number: bool
    address: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in order; `id` is its heading's, where the heads' links lead."""

    id: str
    heads: list[Head]
    rows: list[Any]


def sort_tables(**tables: tuple[Sequence[Any], Sequence[Column], str]) -> dict[str, Table]:
    """Return each table's (rows, columns, the column it comes sorted by) as the address asks for. Invalid.

    The page's first table is sorted by `?sort=calls`, another one by `?sort=indexes.size`, the other way round by
    `-calls` and `-indexes.size`: one at a time.
    """
    asked = request.args.get("sort", "")
    wanted, is_reversed = asked.removeprefix(_REVERSED), asked.startswith(_REVERSED)
    names = {
        (f"{id_}." if place else "") + column.name: (id_, column)
        for place, (id_, (_, columns, _default)) in enumerate(tables.items())
        for column in columns
        if column.name
    }
    if wanted and wanted not in names:
        raise Invalid(f"The table cannot be sorted by that. Choose one of {', '.join(names)}.", pointer="sort")
    sorted_one, by = names.get(wanted, ("", None))
    made = {}
    for id_, (rows, columns, default) in tables.items():
        chosen = (
            by
            if id_ == sorted_one and by is not None
            else next((c for c in columns if default and c.name == default), None)
        )
        reverse = is_reversed and id_ == sorted_one
        own = {column.name: name for name, (table, column) in names.items() if table == id_}
        heads = [_head(column, own.get(column.name, ""), id_, chosen, reverse=reverse) for column in columns]
        made[id_] = Table(id_, heads, _ordered(rows, chosen, reverse=reverse) if chosen else list(rows))
    return made


def _head(column: Column, name: str, anchor: str, chosen: Column | None, *, reverse: bool) -> Head:
    if not column.name:
        return Head(column.label, column.is_number)
    is_chosen = column is chosen
    kept = {key: value for key, value in request.args.items() if key not in {"sort", "notice"}}
    sort = f"{_REVERSED}{name}" if is_chosen and not reverse else name
    address = url_for(str(request.endpoint), **{**kept, **(request.view_args or {}), "sort": sort}, _anchor=anchor)
    is_ascending = column.is_number == reverse
    return Head(
        column.label, column.is_number, address, ("ascending" if is_ascending else "descending") if is_chosen else ""
    )


def _ordered(rows: Sequence[Any], by: Column, *, reverse: bool) -> list[Any]:
    """Return the rows in order; those without the figure come last either way, equal ones stay as they are."""
    figure: Callable[[Any], Any] = by.figure or attrgetter(by.name)
    known = [row for row in rows if figure(row) is not None]
    unknown = [row for row in rows if figure(row) is None]
    return [*sorted(known, key=figure, reverse=by.is_number != reverse), *unknown]
