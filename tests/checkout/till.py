"""A provider that keeps the sandbox's books, but can be down, lose calls and answers, and be interrupted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import current_app

from falconbus.platform.integrations.payments.provider import NotCharged, Outcome, ProviderFault
from falconbus.platform.integrations.payments.sandbox import SandboxProvider


class Killed(BaseException):
    """The process that asked is gone."""


class Till(SandboxProvider):
    """`before` and `after` run once, around the next charge."""

    def __init__(self, name: str = "sandbox") -> None:
        super().__init__("a secret", "http://nobody.example")
        self.name = name
        self.is_down = False
        self.loses_calls = False
        self.loses_answers = False
        self.before: Callable[[], None] | None = None
        self.after: Callable[[], None] | None = None
        self.charged: list[str] = []

    def charge(self, key: str, amount: int, currency: str, token: str) -> Outcome:
        self.charged.append(key)
        if self.is_down:
            raise NotCharged("the till is down")
        if self.loses_calls:
            raise ProviderFault("nobody knows whether the call arrived")
        self._run("before")
        outcome = super().charge(key, amount, currency, token)
        self._run("after")
        if self.loses_answers:
            raise ProviderFault("the answer was lost")
        return outcome

    def find(self, key: str) -> Outcome | None:
        if self.is_down:
            raise ProviderFault("the till is down")
        return super().find(key)

    def _run(self, moment: str) -> None:
        meanwhile = getattr(self, moment)
        setattr(self, moment, None)
        if meanwhile is not None:
            meanwhile()


@contextmanager
def tills() -> Iterator[tuple[Till, Till]]:
    """Put one in the place of the running app's sandbox, and another beside it, called `other`."""
    providers = current_app.extensions["payment_providers"]
    usual = dict(providers)
    providers["sandbox"], providers["other"] = Till(), Till("other")
    try:
        yield providers["sandbox"], providers["other"]
    finally:
        providers.clear()
        providers.update(usual)
