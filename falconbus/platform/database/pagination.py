"""Pagination: numbered pages for short lists, a keyset cursor for endless ones."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from flask import request
from pydantic import Field
from sqlalchemy.orm import InstrumentedAttribute

from falconbus.platform.database.engine import AnyRow, AnySelect, db
from falconbus.platform.kit.errors import Invalid
from falconbus.platform.kit.schema import Query, pick_fields
from falconbus.platform.kit.settings import current_address

T = TypeVar("T")
Shape = TypeVar("Shape", bound=msgspec.Struct)
PAGE_SIZE = 20
LARGEST_PAGE = 100


class Page(msgspec.Struct, Generic[T]):
    """A list's answer."""

    results: list[T]
    next: str | None = None
    previous: str | None = None


class CountedPage(msgspec.Struct, Generic[T]):
    """The answer of a list whose length is cheap to know."""

    results: list[T]
    count: int
    next: str | None = None
    previous: str | None = None


class PageQuery(Query):
    """Parameters of every numbered list."""

    page: Annotated[int, Field(ge=1, le=10_000)] = 1
    page_size: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = PAGE_SIZE
    fields: str | None = None


class CursorQuery(Query):
    """Parameters of every endless list."""

    cursor: str | None = None
    page_size: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = PAGE_SIZE
    fields: str | None = None


def numbered(statement: AnySelect, query: PageQuery) -> tuple[Sequence[AnyRow], str | None, str | None]:
    """Return one page of an ordered select with the addresses of its neighbours.

    One row more than the page is read to know whether there is a next one.
    """
    rows = db.session.execute(statement.limit(query.page_size + 1).offset((query.page - 1) * query.page_size)).all()
    more = len(rows) > query.page_size
    return rows[: query.page_size], *neighbours(query.page, more=more)


def neighbours(page: int, *, more: bool) -> tuple[str | None, str | None]:
    """Return the addresses of the next and the previous page of the present request."""
    return _address(page=page + 1) if more else None, _address(page=page - 1) if page > 1 else None


def keyset(
    statement: AnySelect, key: InstrumentedAttribute[int], query: CursorQuery
) -> tuple[Sequence[AnyRow], str | None, str | None]:
    """Return one page of a select, the highest unique `key` first (selected as `key`).

    Page 1000 is as quick as the first.
    """
    direction, edge = _read_cursor(query.cursor)
    backwards = direction == "after"
    if edge is not None:
        statement = statement.where(key > edge if backwards else key < edge)
    found = db.session.execute(
        statement.order_by(key.asc() if backwards else key.desc()).limit(query.page_size + 1)
    ).all()
    more = len(found) > query.page_size
    rows = found[: query.page_size]
    if backwards:
        rows = rows[::-1]
    if not rows:
        return rows, None, None
    has_next = more or backwards
    has_previous = more if backwards else edge is not None
    return (
        rows,
        _address(cursor=_cursor("before", rows[-1].key)) if has_next else None,
        _address(cursor=_cursor("after", rows[0].key)) if has_previous else None,
    )


def numbered_page(
    statement: AnySelect, query: PageQuery, shape: type[Shape], make: Callable[[AnyRow], Shape]
) -> Page[Any]:
    """Return a page of an ordered select as its answer: each row made into `shape`, with the fields asked for."""
    rows, *neighbour_addresses = numbered(statement, query)
    return Page(pick_fields([make(row) for row in rows], shape, query.fields), *neighbour_addresses)


def keyset_page(
    statement: AnySelect,
    key: InstrumentedAttribute[int],
    query: CursorQuery,
    shape: type[Shape],
    make: Callable[[AnyRow], Shape],
) -> Page[Any]:
    """Return a page of an endless list as its answer, newest first; see `keyset`."""
    rows, *neighbour_addresses = keyset(statement, key, query)
    return Page(pick_fields([make(row) for row in rows], shape, query.fields), *neighbour_addresses)


def by_name(shape: type[Shape]) -> Callable[[AnyRow], Shape]:
    """Make a shape of a row whose columns bear the names of its fields."""
    return lambda row: shape(**row._asdict())


def _cursor(direction: str, edge: int) -> str:
    return base64.urlsafe_b64encode(f"{direction}:{edge}".encode()).decode()


def _read_cursor(cursor: str | None) -> tuple[str, int | None]:
    if cursor is None:
        return "before", None
    try:
        direction, _, edge = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition(":")
        if direction in {"before", "after"} and edge.isdigit() and len(edge) < 19:
            return direction, int(edge)
    except (binascii.Error, ValueError):
        pass
    raise Invalid("is not a cursor that a list has given", pointer="cursor")


def _address(**changes: int | str) -> str:
    return f"{current_address()}?{urlencode({**request.args.to_dict(), **changes})}"
