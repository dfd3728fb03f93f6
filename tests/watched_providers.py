"""Payment providers that refuse to be asked while a transaction is open."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from falconbus.app import FalconBus
from falconbus.platform.database import transactions

_ASKING = ("charge", "find", "refund", "find_refund")


def watch_providers(app: FalconBus) -> None:
    """Have every provider of the app watched."""
    for provider in app.extensions["payment_providers"].values():
        for name in _ASKING:
            setattr(provider, name, _watched(getattr(provider, name)))


def _watched(ask: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(ask)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        transactions.check_outside(f"the payment provider ({ask.__name__})")
        return ask(*args, **kwargs)

    return wrapper
