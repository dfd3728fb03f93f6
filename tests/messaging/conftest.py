"""Mailers to tell by, and an operator's own booking page."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from falconbus.app import FalconBus
from tests.mail_sink import smtp
from tests.mailers import mail_server, mailer

__all__ = ["mail_server", "mailer", "smtp"]

BOOKING_URL = "https://bus.example/search?lang=en"


@pytest.fixture
def booking_page(app: FalconBus) -> Iterator[str]:
    """What BOOKING_URL says while a test runs."""
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(before, booking_url=BOOKING_URL)
    yield BOOKING_URL
    app.config["SETTINGS"] = before
