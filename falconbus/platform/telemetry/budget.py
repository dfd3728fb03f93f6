"""Query budgets: how many statements an endpoint may send, declared once for the tests and the dashboard."""

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


def query_budget(statements: int) -> Callable[[View], View]:
    """Declare that the view sends at most so many statements, not counting those that identify the caller."""

    def mark(view: View) -> View:
        view.query_budget = statements  # type: ignore[attr-defined]
        return view

    return mark
