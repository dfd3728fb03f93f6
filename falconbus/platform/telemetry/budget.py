"""How many statements an endpoint may send: one declaration, for the tests and for the live page."""

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


def query_budget(statements: int) -> Callable[[View], View]:
    """The view sends at most so many statements, however long its answer; knowing the caller is not counted."""

    def mark(view: View) -> View:
        view.query_budget = statements  # type: ignore[attr-defined]
        return view

    return mark
