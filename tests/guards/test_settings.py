"""Settings: each documented, none with a secret for a default, a bad one is one clear line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import SETTING_NAMES, SettingError, Settings

ROOT = Path(__file__).parents[2]
GOOD = {
    "DATABASE_URL": "postgresql://db.example/falconbus",
    "REDIS_URL": "redis://cache.example/3",
    "SECRET_KEY": "x" * 32,
}


def test_every_setting_is_documented() -> None:
    readme = (ROOT / "README.md").read_text() + (ROOT / "docs" / "settings.md").read_text()
    missing = [name for name in SETTING_NAMES if f"`{name}`" not in readme]
    assert missing == []


def test_a_good_environment_is_read() -> None:
    settings = Settings.from_environment(GOOD)
    assert settings.database_url == "postgresql+psycopg://db.example/falconbus"
    assert settings.cache_redis_url == "redis://cache.example/4"
    assert (settings.currency, settings.time_zone, settings.hold_minutes) == ("ZAR", "Africa/Johannesburg", 10)
    assert "x" * 32 not in repr(settings)


@pytest.mark.parametrize(
    "sender",
    [
        "tickets@bus.example",
        "FalconBus <tickets@localhost>",
        '"Coach & Co, Ltd" <tickets@bus.example>',
        "Früh & Söhne <karten@früh.example>",
        "<tickets@bus.example>",
        "tickets@[127.0.0.1]",
    ],
)
def test_a_sender_is_a_mailbox(sender: str) -> None:
    assert Settings.from_environment({**GOOD, "MAIL_FROM": sender}).mail_from == sender


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000", "http://[::1]:8000", "https://bus.example/shop"])
def test_without_a_sender_there_is_one_of_the_public_address(address: str) -> None:
    assert "tickets@" in Settings.from_environment({**GOOD, "PUBLIC_URL": address}).mail_from


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://db.example/falconbus"),
        ("REDIS_URL", ""),
        ("REDIS_URL", "cache.example"),
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "changeme"),
        ("CURRENCY", "rand"),
        ("TIME_ZONE", "Mars/Olympus"),
        ("TIME_ZONE", "../../etc/passwd"),
        ("HOLD_MINUTES", "0"),
        ("HOLD_MINUTES", "ten"),
        ("SCHEDULE_HORIZON_DAYS", "-1"),
        ("RATELIMIT_ENABLED", "perhaps"),
        ("RATELIMIT_BOOKING", "many"),
        ("PUBLIC_URL", "falconbus.example"),
        ("SMTP_URL", "http://mail.example"),
        ("ADMIN_EMAIL", "admin@example.com"),
        ("MAIL_FROM", "Coach & Co, Ltd <tickets@bus.example>"),
        ("MAIL_FROM", "counter"),
        ("MAIL_FROM", "Tickets <tickets at bus.example>"),
        ("MAIL_FROM", "a@bus.example, b@bus.example"),
        ("MAIL_FROM", "Coach <tickets@bus.example> and more"),
        ("MAIL_FROM", "Coach\r\nBcc: all@bus.example <tickets@bus.example>"),
        ("MAIL_FROM", "Coach <tickets@bus..example>"),
        ("SMTP_URL", "smtp://mail.example:smtp"),
        ("SMTP_URL", "smtp://mail.example:99999"),
        ("SMTP_URL", "smtp://:25"),
        ("PUBLIC_URL", "https://bus.example:port"),
        ("PUBLIC_URL", "https://bus.example/a path"),
        ("LIVE_URL", "https://live.example:x"),
        ("BOOKING_URL", "bus.example/search"),
        ("BOOKING_URL", "https://bus.example/the search"),
        ("RATELIMIT_MAILS_RECIPIENT", "five a day"),
        ("RATELIMIT_MAILS_CLIENT", "0x/day"),
        ("REDIS_URL", "redis://cache.example:x"),
        ("CACHE_REDIS_URL", "redis://cache.example:70000"),
        ("SENTRY_DSN", "https://key@sentry.example:x/1"),
        ("CORS_ORIGINS", "coaches.example"),
        ("CORS_ORIGINS", "https://bus.example/path"),
        ("TIME_ZONE", "/etc/passwd"),
        ("CURRENCY", "ZZZ"),
        ("RATELIMIT_BOOKING", "0/0 minutes"),
        ("RATELIMIT_BOOKING", "0/minute"),
        ("RATELIMIT_BOOKING", "10/99999999999 years"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(name: str, value: str) -> None:
    with pytest.raises(SettingError) as caught:
        Settings.from_environment({**GOOD, name: value})
    message = str(caught.value)
    assert name in message
    assert "\n" not in message
    assert len(value) < 4 or value not in message


def test_gunicorn_without_a_secret_ends_with_the_line() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "SECRET_KEY"}
    done = subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=ROOT,
        env={**environment, **GOOD, "SECRET_KEY": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip().startswith("SECRET_KEY is not set")
