"""Settings, read from the environment once, typed and checked. Imports nothing of ours."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from email.utils import getaddresses
from functools import cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import get_global
from babel.numbers import get_territory_currencies


@cache
def currencies() -> frozenset[str]:
    """Return the codes of what people pay in: the tender of some territory today (CLDR, by way of Babel)."""
    return frozenset(
        code for territory in get_global("territory_currencies") for code in get_territory_currencies(territory)
    )


class SettingError(Exception):
    """A setting is missing or bad; the message is the one line that the start prints."""


_LIMIT = r"[1-9][0-9]{0,9}\s*(/|per)\s*([1-9][0-9]{0,2}\s*)?(second|minute|hour|day|month|year)s?"
#: A limit in Flask-Limiter's notation, as a regular expression.
RATE = rf"{_LIMIT}(\s*[;,|]\s*{_LIMIT})*"
_ATOM = r"[^\s@<>(),:;\"\[\]\\.]+"
#: Letters of other scripts are for the mail servers that take them; a comma or a space is for none.
_MAIL_ADDRESS = re.compile(rf"{_ATOM}(\.{_ATOM})*@({_ATOM}(\.{_ATOM})*|\[[0-9A-Za-z:.]+\])")


class _Reader:
    """Typed look-ups in an environment; SettingError names the setting, never its value."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        #: What was read, by the fields' names: defaults follow from settings above them.
        self.found: dict[str, Any] = {}

    def text(self, name: str, default: str) -> str:
        return self._environment.get(name, "").strip() or default

    def group(self, name: str) -> dict[str, str]:
        """Every setting that begins with the name of a group, by what follows."""
        prefix = f"{name}_"
        return {
            name.removeprefix(prefix): value.strip()
            for name, value in self._environment.items()
            if name.startswith(prefix) and value.strip()
        }

    def optional_text(self, name: str) -> str | None:
        return self.text(name, "") or None

    def folder(self, name: str, default: str) -> Path:
        return Path(self.text(name, default.format_map(self.found))).resolve()

    def required(self, name: str) -> str:
        value = self.text(name, "")
        if not value:
            raise SettingError(f"{name} is not set (see the settings in README.md; ./falcon up runs without any)")
        return value

    def secret(self, name: str) -> str:
        value = self.required(name)
        if len(value) < 32:
            raise SettingError(f"{name} is too short: 32 characters or more, e.g. from: openssl rand -hex 32")
        return value

    def optional_secret(self, name: str) -> str | None:
        return self.secret(name) if self.text(name, "") else None

    def url(self, name: str, *schemes: str, default: str | None = None) -> str:
        value = self.required(name) if default is None else self.text(name, default)
        parts = urlsplit(value)
        if parts.scheme not in schemes or not (parts.netloc or parts.query) or not _is_address(value):
            raise SettingError(f"{name} is not an address of the form {schemes[0]}://host/...")
        return value

    def page(self, name: str, default: str | None = None) -> str | None:
        """Read the address of a site, without the slash at its end."""
        value = self.text(name, default or "")
        return self.url(name, "http", "https", default=value).rstrip("/") if value else None

    def database(self, name: str) -> str:
        """Read a database's address, and name the driver: SQLAlchemy would use psycopg 2 by default."""
        value = self.url(name, "postgresql", "postgres", "postgresql+psycopg")
        return re.sub(r"^postgres(ql)?(\+psycopg)?://", "postgresql+psycopg://", value)

    def cache(self, name: str) -> str:
        """Read the cache's Redis; by default the next database of the broker's, which must not evict."""
        return self.url(name, "redis", "rediss", default=_next_database(self.found["redis_url"]))

    def optional_mail_address(self, name: str) -> str | None:
        value = self.optional_text(name)
        if value is not None and not _MAIL_ADDRESS.fullmatch(value):
            raise SettingError(f"{name} is not an e-mail address such as office@bus.example")
        return value

    def sender(self, name: str) -> str:
        """Read one mailbox (RFC 5322): an address alone, or a name and an address in angle brackets."""
        value = self.text(name, f"FalconBus <tickets@{_mail_domain(self.found['public_url'])}>")
        mailboxes = getaddresses([value])
        address = mailboxes[0][1] if len(mailboxes) == 1 else ""
        if not value.isprintable() or not _MAIL_ADDRESS.fullmatch(address):
            raise SettingError(f'{name} is not one sender such as "Coach & Co, Ltd" <tickets@bus.example>')
        return value

    def origins(self, name: str) -> tuple[str, ...]:
        """Read origins (RFC 6454) with commas between: a scheme and a host each, and no path."""
        found = tuple(origin.strip() for origin in self.text(name, "").split(",") if origin.strip())
        if not all(origin == "*" or re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+", origin) for origin in found):
            raise SettingError(f"{name} is not a list of origins such as https://bus.example")
        return found

    def optional_url(self, name: str, *schemes: str) -> str | None:
        return self.url(name, *schemes) if self.text(name, "") else None

    def integer(self, name: str, default: int, *, at_least: int, at_most: int) -> int:
        value = self.text(name, str(default))
        if not re.fullmatch(r"-?[0-9]{1,9}", value) or not at_least <= int(value) <= at_most:
            raise SettingError(f"{name} is not a whole number from {at_least} to {at_most}")
        return int(value)

    def share(self, name: str, default: float) -> float:
        value = self.text(name, str(default))
        if not re.fullmatch(r"0(\.[0-9]{1,6})?|1(\.0{1,6})?", value):
            raise SettingError(f"{name} is not a share from 0 to 1, such as 0.1")
        return float(value)

    def boolean(self, name: str, *, default: bool) -> bool:
        value = self.text(name, str(default)).lower()
        if value not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
            raise SettingError(f"{name} is neither true nor false")
        return value in {"true", "1", "yes", "on"}

    def pattern(self, name: str, pattern: str, default: str, hint: str) -> str:
        value = self.text(name, default)
        if not re.fullmatch(pattern, value):
            raise SettingError(f"{name} must be {hint}")
        return value

    def release(self, name: str) -> str:
        return self.pattern(name, r"[A-Za-z0-9._+-]{1,64}", _code_release(), "up to 64 letters, digits or . _ + -")

    def rate(self, name: str, default: str) -> str:
        """Read a limit in Flask-Limiter's notation, e.g. `100/hour` or `10 per minute;100 per hour`."""
        return self.pattern(name, RATE, default, "a limit such as 100/hour")

    def currency(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if value not in currencies():
            raise SettingError(f"{name} is not the three capital letters of a currency that people pay in, such as ZAR")
        return value

    def hosts(self, name: str) -> tuple[str, ...]:
        """Read names of hosts with commas between; one with a dot in front stands for all below it."""
        hosts = tuple(host.strip().lower() for host in self.text(name, "").split(",") if host.strip())
        if not all(re.fullmatch(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f:.]+", host) for host in hosts):
            raise SettingError(f"{name} must be names of hosts such as bus.example, without scheme and port")
        return hosts

    def time_zone(self, name: str, default: str) -> str:
        value = self.text(name, default)
        try:
            return ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise SettingError(f"{name} is not a known time zone such as Africa/Johannesburg") from None


def _setting(read: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Return a field of Settings that a method of `_Reader` reads, with these arguments after the name."""
    return field(metadata={"read": lambda reader, name: read(reader, name, *arguments, **options)})


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """The settings of one process. Field names are the environment's names in lower case; each says how it is read."""

    data_dir: Path = _setting(_Reader.folder, ".falcon")
    embedded: bool = _setting(_Reader.boolean, default=False)
    backup_enabled: bool = _setting(_Reader.boolean, default=True)
    backup_dir: Path = _setting(_Reader.folder, "{data_dir}/backups")
    backup_key: str | None = _setting(_Reader.optional_secret)
    backup_daily: int = _setting(_Reader.integer, 7, at_least=1, at_most=1000)
    backup_weekly: int = _setting(_Reader.integer, 4, at_least=0, at_most=1000)
    backup_monthly: int = _setting(_Reader.integer, 12, at_least=0, at_most=1000)
    backup_wal_days: int = _setting(_Reader.integer, 400, at_least=1, at_most=4000)
    database_url: str = _setting(_Reader.database)
    redis_url: str = _setting(_Reader.url, "redis", "rediss")
    cache_redis_url: str = _setting(_Reader.cache)
    secret_key: str = _setting(_Reader.secret)
    public_url: str = _setting(_Reader.page, "http://127.0.0.1:8000")
    booking_url: str | None = _setting(_Reader.optional_url, "http", "https")
    live_url: str | None = _setting(_Reader.page)
    smtp_url: str | None = _setting(_Reader.optional_url, "smtp", "smtps")
    mail_from: str = _setting(_Reader.sender)
    currency: str = _setting(_Reader.currency, "ZAR")
    time_zone: str = _setting(_Reader.time_zone, "Africa/Johannesburg")
    hold_minutes: int = _setting(_Reader.integer, 10, at_least=1, at_most=120)
    schedule_horizon_days: int = _setting(_Reader.integer, 60, at_least=1, at_most=730)
    answer_minutes: int = _setting(_Reader.integer, 120, at_least=1, at_most=10_080)
    driving_hours_day: int = _setting(_Reader.integer, 9, at_least=1, at_most=24)
    driving_hours_week: int = _setting(_Reader.integer, 56, at_least=1, at_most=168)
    rest_hours: int = _setting(_Reader.integer, 11, at_least=0, at_most=48)
    travel_kmh: int = _setting(_Reader.integer, 120, at_least=0, at_most=1000)
    notification_days: int = _setting(_Reader.integer, 90, at_least=1, at_most=3650)
    ratelimit_enabled: bool = _setting(_Reader.boolean, default=True)
    ratelimit_anonymous: str = _setting(_Reader.rate, "100/hour")
    ratelimit_signed_in: str = _setting(_Reader.rate, "1000/hour")
    ratelimit_reads: str = _setting(_Reader.rate, "300/minute")
    ratelimit_key: str = _setting(_Reader.rate, "600/minute")
    ratelimit_booking: str = _setting(_Reader.rate, "10/minute")
    ratelimit_stops: str = _setting(_Reader.rate, "600/minute")
    ratelimit_sign_in: str = _setting(_Reader.rate, "10/minute")
    ratelimit_account: str = _setting(_Reader.rate, "10/minute;100/hour")
    ratelimit_mails_recipient: str = _setting(_Reader.rate, "5/day")
    ratelimit_mails_client: str = _setting(_Reader.rate, "50/day")
    admin_email: str | None = _setting(_Reader.optional_mail_address)
    admin_password: str | None = _setting(_Reader.optional_text)
    trusted_proxies: int = _setting(_Reader.integer, 0, at_least=0, at_most=10)
    trusted_hosts: tuple[str, ...] = _setting(_Reader.hosts)
    cors_origins: tuple[str, ...] = _setting(_Reader.origins)
    database_pool_size: int = _setting(_Reader.integer, 8, at_least=1, at_most=100)
    log_level: str = _setting(_Reader.pattern, r"DEBUG|INFO|WARNING|ERROR", "INFO", "DEBUG, INFO, WARNING or ERROR")
    release: str = _setting(_Reader.release)
    metrics_token: str | None = _setting(_Reader.optional_secret)
    sentry_dsn: str | None = _setting(_Reader.optional_url, "http", "https")
    otel_exporter_otlp_endpoint: str | None = _setting(_Reader.optional_url, "http", "https")
    otel_traces_sampler_arg: float = _setting(_Reader.share, 0.1)
    #: What payment providers are set up with, by the names less `PAYMENTS_`; each provider knows its own.
    payments: Mapping[str, str] = _setting(_Reader.group)

    @property
    def mail_folder(self) -> Path:
        """Where mails lie when there is no SMTP server."""
        return self.data_dir / "mails"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read and check every setting; SettingError names the first bad one."""
        reader = _Reader(environment)
        if bool(reader.text("ADMIN_EMAIL", "")) != bool(reader.text("ADMIN_PASSWORD", "")):
            raise SettingError("ADMIN_EMAIL and ADMIN_PASSWORD go together: set both or none")
        for each in fields(cls):
            reader.found[each.name] = each.metadata["read"](reader, each.name.upper())
        return cls(**reader.found)


SETTING_NAMES = tuple(each.name.upper() for each in fields(Settings) if each.name != "payments")


def _is_address(value: str) -> bool:
    """Tell whether host and port of an address can be read, and nothing in it is white space."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    return not re.search(r"\s", value) and (parts.hostname is not None or not parts.netloc or "@" in parts.netloc)


def _mail_domain(url: str) -> str:
    """Return the host of an address as mail addresses have it."""
    host = urlsplit(url).hostname or "localhost"
    return f"[IPv6:{host}]" if ":" in host else host


def _next_database(redis_url: str) -> str:
    """Return the URL of the next database of the same Redis: the cache may evict, the broker must not."""
    parts = urlsplit(redis_url)
    number = int(parts.path.strip("/") or 0) if parts.path.strip("/").isdigit() else 0
    return urlunsplit(parts._replace(path=f"/{number + 1}"))


@cache
def _code_release() -> str:
    """Return a hash of the app's files as the release name, so that a restart is no new release."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted([root / "config.py", *root.glob("falconbus/**/*.py"), *root.glob("workers/*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
