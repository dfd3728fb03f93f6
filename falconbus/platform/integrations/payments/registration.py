"""How a payment provider is registered, and made of its settings."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from config import SettingError, Settings
from falconbus.platform.integrations.payments.provider import FollowUp, PaymentProvider
from falconbus.platform.kit import references

#: Where providers send their webhooks (checkout's address for them).
_WEBHOOKS = "/api/v1/payments/webhooks"


@dataclass(frozen=True, slots=True, repr=False)
class ProviderSettings:
    """What a provider is made of: the values of its settings, where it is to tell us, a secret that only we know."""

    values: Mapping[str, str]
    webhook_address: str
    secret: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisteredProvider:
    """A provider that can be paid with once its settings are there."""

    name: str
    make: Callable[[ProviderSettings], PaymentProvider]
    #: Its settings, by their names in the environment less `PAYMENTS_`; it is available when all `required` are set.
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    #: All that its outcomes may ask of a worker.
    follow_ups: tuple[FollowUp, ...] = ()


def make_providers(registered: Collection[RegisteredProvider], settings: Settings) -> dict[str, PaymentProvider]:
    """Make the providers whose settings are there, by name; SettingError for half of them, or for nobody's."""
    known = {name for each in registered for name in (*each.required, *each.optional)}
    for name in settings.payments:
        if name not in known:
            raise SettingError(f"PAYMENTS_{name} is a setting of no payment provider")
    return {each.name: each.make(_settings_of(each, settings)) for each in registered if _is_available(each, settings)}


def _is_available(provider: RegisteredProvider, settings: Settings) -> bool:
    missing = [name for name in provider.required if name not in settings.payments]
    given = [name for name in (*provider.required, *provider.optional) if name in settings.payments]
    if missing and given:
        raise SettingError(f"PAYMENTS_{missing[0]} is not set, and PAYMENTS_{given[0]} is: set all of a provider's")
    return not missing


def _settings_of(provider: RegisteredProvider, settings: Settings) -> ProviderSettings:
    names = (*provider.required, *provider.optional)
    return ProviderSettings(
        values={name: settings.payments[name] for name in names if name in settings.payments},
        webhook_address=f"{settings.public_url}{_WEBHOOKS}/{provider.name}",
        secret=references.signature(settings.secret_key, provider.name, "webhooks"),
    )
