"""Payment providers are registered: a new one is a module and a line, and brings its own settings."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from config import SettingError, Settings
from falconbus.platform.integrations.payments.counter import CounterProvider
from falconbus.platform.integrations.payments.registration import (
    ProviderSettings,
    RegisteredProvider,
    make_providers,
)
from falconbus.platform.integrations.payments.registry import PROVIDERS
from tests.calls import bearer, hold
from tests.guards.test_settings import GOOD
from tests.world import World

ROOT = Path(__file__).parents[4]


class CardProvider(CounterProvider):
    """A provider with settings of its own."""

    name = "card"

    def __init__(self, settings: ProviderSettings) -> None:
        self.settings = settings


CARD = RegisteredProvider(name="card", make=CardProvider, required=("CARD_KEY", "CARD_SECRET"), optional=("CARD_SHOP",))


def made(**values: str) -> dict[str, Any]:
    return make_providers((*PROVIDERS, CARD), Settings.from_environment({**GOOD, **values}))


def test_a_provider_is_there_once_its_settings_are() -> None:
    assert set(made()) == {"sandbox", "counter"}
    given = made(PAYMENTS_CARD_KEY="k", PAYMENTS_CARD_SECRET=" s ", PUBLIC_URL="https://bus.example")
    assert set(given) == {"sandbox", "counter", "card"}
    settings = given["card"].settings
    assert settings.values == {"CARD_KEY": "k", "CARD_SECRET": "s"}
    assert settings.webhook_address == "https://bus.example/api/v1/payments/webhooks/card"
    assert settings.secret
    assert "CARD_KEY" not in repr(settings)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"PAYMENTS_CARD_KEY": "k"}, "PAYMENTS_CARD_SECRET"),
        ({"PAYMENTS_CARD_SHOP": "s", "PAYMENTS_CARD_SECRET": ""}, "PAYMENTS_CARD_KEY"),
        ({"PAYMENTS_CRAD_KEY": "k"}, "PAYMENTS_CRAD_KEY"),
    ],
)
def test_half_of_the_settings_or_nobodys_end_the_start(values: dict[str, str], named: str) -> None:
    with pytest.raises(SettingError, match=named):
        made(**values)


def test_a_provider_that_is_not_there_is_unknown(world: World, client: FlaskClient) -> None:
    held = hold(client, world.add_schedule().id)
    answer = client.post(
        f"/api/v1/bookings/{held['reference']}/payments",
        json={"provider": "card", "token": "x"},
        headers=bearer(held["manage_token"]),
    )
    assert (answer.status_code, answer.json["code"]) == (422, "unknown_provider")
    assert {"sandbox", "counter"} <= set(re.findall(r"\w+", answer.json["detail"]))


def test_names_and_tasks_of_providers_are_their_own() -> None:
    names = [provider.name for provider in PROVIDERS]
    tasks = [follow_up.task for provider in PROVIDERS for follow_up in provider.follow_ups]
    assert len(set(names)) == len(names)
    assert len(set(tasks)) == len(tasks)
    assert "payments.sandbox_webhook" in tasks, "jobs under way bear this name"


def test_nothing_outside_the_integrations_names_the_sandbox() -> None:
    """But the mailbox, whose frames have a sandbox of the browser's."""
    files = [path for folder in ("falconbus", "workers") for path in (ROOT / folder).rglob("*.py")]
    places = {str(path.relative_to(ROOT)) for path in files if "sandbox" in path.read_text().lower()}
    ours = "falconbus/platform/integrations/payments/"
    assert {place for place in places if not place.startswith(ours)} == {"falconbus/platform/mailing/views.py"}
