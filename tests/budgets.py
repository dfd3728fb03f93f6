"""Query budgets in tests: a view that sends more statements than it declares fails the test, with what it sent."""

import pytest


class BrokenBudgets:
    """The complaints of the apps that a test calls; a recorder's `complaints` take `note`."""

    def __init__(self) -> None:
        self._told: list[str] = []

    def note(self, owner: str, budget: int, statements: list[str]) -> None:
        """A request sent more than its view's budget; from any thread."""
        sent = "\n".join(f"{number:4}. {' '.join(sql.split())}" for number, sql in enumerate(statements, start=1))
        self._told.append(f"{owner}: {len(statements)} statements, its budget is {budget}\n{sent}")

    def check(self) -> None:
        """Fail the test if there are complaints; the next one begins without."""
        told, self._told = self._told, []
        if told:
            pytest.fail("\n\n".join(told), pytrace=False)
