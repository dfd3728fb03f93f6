"""Payment providers that tests look into, or that do what a test wants."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app

from falconbus.platform.integrations.payments.provider import ProviderFault, RefundOutcome
from falconbus.platform.integrations.payments.sandbox import SandboxProvider


def sandbox() -> SandboxProvider:
    """The running app's sandbox."""
    provider = current_app.extensions["payment_providers"]["sandbox"]
    assert isinstance(provider, SandboxProvider)
    return provider


class UnreliableSandbox(SandboxProvider):
    """The sandbox, but it can be down, and its answers can be lost on the way after it did what it was asked."""

    def __init__(self) -> None:
        super().__init__("a secret", "http://nobody.example")
        self.is_down = False
        self.loses_answers = False
        self.asked = 0

    def refund(self, key: str, charge_key: str, amount: int, currency: str) -> RefundOutcome:
        self.asked += 1
        self._check_up()
        outcome = super().refund(key, charge_key, amount, currency)
        if self.loses_answers:
            raise ProviderFault("the answer was lost")
        return outcome

    def find_refund(self, key: str, charge_key: str) -> RefundOutcome | None:
        self._check_up()
        return super().find_refund(key, charge_key)

    def _check_up(self) -> None:
        if self.is_down:
            raise ProviderFault("the provider is down")


@contextmanager
def unreliable_sandbox() -> Iterator[UnreliableSandbox]:
    """Put it in the place of the running app's sandbox."""
    providers = current_app.extensions["payment_providers"]
    usual = providers["sandbox"]
    providers["sandbox"] = double = UnreliableSandbox()
    try:
        yield double
    finally:
        providers["sandbox"] = usual
