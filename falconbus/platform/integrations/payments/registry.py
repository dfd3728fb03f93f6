"""The payment providers: a new one is a module, and a line here."""

from collections.abc import Mapping

from flask import Flask, current_app

from config import Settings
from falconbus.platform.integrations.payments import counter, sandbox
from falconbus.platform.integrations.payments.provider import FollowUp, PaymentProvider
from falconbus.platform.integrations.payments.registration import make_providers

PROVIDERS = (
    sandbox.PROVIDER,
    counter.PROVIDER,
)

_EXTENSION = "payment_providers"


def init_app(app: Flask, settings: Settings) -> None:
    """Make the providers that the settings allow; SettingError. A test may put its own into the extension."""
    app.extensions[_EXTENSION] = make_providers(PROVIDERS, settings)


def available() -> Mapping[str, PaymentProvider]:
    """Return the running app's providers by name."""
    providers: dict[str, PaymentProvider] = current_app.extensions[_EXTENSION]
    return providers


def follow_ups() -> list[tuple[str, FollowUp]]:
    """Return everything that providers may ask of workers, each with its provider's name."""
    return [(provider.name, follow_up) for provider in PROVIDERS for follow_up in provider.follow_ups]
