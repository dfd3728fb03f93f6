"""Payment providers that refuse to be asked while a transaction is open."""

from typing import Any

from falconbus.app import FalconBus
from falconbus.platform.database import transactions
from falconbus.platform.integrations.payments.provider import PaymentProvider

_ASKING = {"charge", "find", "refund", "find_refund", "send_webhook"}


class WatchedProvider:
    """A provider, unchanged but for that."""

    def __init__(self, provider: PaymentProvider) -> None:
        self._provider = provider

    def __getattr__(self, name: str) -> Any:
        if name in _ASKING:
            transactions.check_outside(f"the payment provider ({name})")
        return getattr(self._provider, name)


def watch_providers(app: FalconBus) -> None:
    """Have every provider of the app watched."""
    providers = app.extensions["payment_providers"]
    app.extensions["payment_providers"] = {name: WatchedProvider(each) for name, each in providers.items()}
