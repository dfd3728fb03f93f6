"""Settings, read from the environment once, typed and checked. Imports nothing of ours."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from email.utils import getaddresses
from functools import cache
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.numbers import list_currencies


class SettingError(Exception):
    """A setting is missing or bad; the message is the one line that the start prints."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """The settings of one process. Field names are the environment's names in lower case."""

    data_dir: Path
    embedded: bool
    backup_enabled: bool
    backup_dir: Path
    backup_key: str | None
    backup_daily: int
    backup_weekly: int
    backup_monthly: int
    backup_wal_days: int
    database_url: str
    redis_url: str
    cache_redis_url: str
    secret_key: str
    public_url: str
    booking_url: str | None
    live_url: str | None
    smtp_url: str | None
    mail_from: str
    mail_folder: Path | None
    currency: str
    time_zone: str
    hold_minutes: int
    schedule_horizon_days: int
    answer_minutes: int
    driving_hours_day: int
    driving_hours_week: int
    rest_hours: int
    travel_kmh: int
    notification_days: int
    ratelimit_enabled: bool
    ratelimit_anonymous: str
    ratelimit_signed_in: str
    ratelimit_reads: str
    ratelimit_key: str
    ratelimit_booking: str
    ratelimit_stops: str
    ratelimit_sign_in: str
    ratelimit_mails_recipient: str
    ratelimit_mails_client: str
    ratelimit_account: str
    admin_email: str | None
    admin_password: str | None
    trusted_proxies: int
    trusted_hosts: tuple[str, ...]
    cors_origins: tuple[str, ...]
    database_pool_size: int
    log_level: str
    release: str
    metrics_token: str | None
    sentry_dsn: str | None
    otel_exporter_otlp_endpoint: str | None
    otel_traces_sampler_arg: float
    #: What payment providers are set up with, by the names less `PAYMENTS_`; each provider knows its own.
    payments: Mapping[str, str]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read and check every setting; SettingError names the first bad one."""
        read = _Reader(environment)
        if bool(read.text("ADMIN_EMAIL", "")) != bool(read.text("ADMIN_PASSWORD", "")):
            raise SettingError("ADMIN_EMAIL and ADMIN_PASSWORD go together: set both or none")
        redis_url = read.url("REDIS_URL", schemes=("redis", "rediss"))
        smtp_url = read.optional_url("SMTP_URL", schemes=("smtp", "smtps"))
        data_dir = Path(read.text("DATA_DIR", ".falcon")).resolve()
        public_url = read.url("PUBLIC_URL", schemes=("http", "https"), default="http://127.0.0.1:8000").rstrip("/")
        return cls(
            data_dir=data_dir,
            embedded=read.boolean("EMBEDDED", default=False),
            backup_enabled=read.boolean("BACKUP_ENABLED", default=True),
            backup_dir=Path(read.text("BACKUP_DIR", str(data_dir / "backups"))).resolve(),
            backup_key=read.secret("BACKUP_KEY") if read.text("BACKUP_KEY", "") else None,
            backup_daily=read.integer("BACKUP_DAILY", 7, at_least=1, at_most=1000),
            backup_weekly=read.integer("BACKUP_WEEKLY", 4, at_least=0, at_most=1000),
            backup_monthly=read.integer("BACKUP_MONTHLY", 12, at_least=0, at_most=1000),
            backup_wal_days=read.integer("BACKUP_WAL_DAYS", 400, at_least=1, at_most=4000),
            database_url=_with_driver(
                read.url("DATABASE_URL", schemes=("postgresql", "postgres", "postgresql+psycopg"))
            ),
            redis_url=redis_url,
            cache_redis_url=read.url("CACHE_REDIS_URL", schemes=("redis", "rediss"), default=_next_database(redis_url)),
            secret_key=read.secret("SECRET_KEY"),
            public_url=public_url,
            booking_url=read.optional_url("BOOKING_URL", schemes=("http", "https")),
            live_url=(read.optional_url("LIVE_URL", schemes=("http", "https")) or "").rstrip("/") or None,
            smtp_url=smtp_url,
            mail_from=read.sender("MAIL_FROM", f"FalconBus <tickets@{_mail_domain(public_url)}>"),
            mail_folder=None if smtp_url else data_dir / "mails",
            currency=read.currency("CURRENCY", "ZAR"),
            time_zone=read.time_zone("TIME_ZONE", "Africa/Johannesburg"),
            hold_minutes=read.integer("HOLD_MINUTES", 10, at_least=1, at_most=120),
            schedule_horizon_days=read.integer("SCHEDULE_HORIZON_DAYS", 60, at_least=1, at_most=730),
            answer_minutes=read.integer("ANSWER_MINUTES", 120, at_least=1, at_most=10_080),
            driving_hours_day=read.integer("DRIVING_HOURS_DAY", 9, at_least=1, at_most=24),
            driving_hours_week=read.integer("DRIVING_HOURS_WEEK", 56, at_least=1, at_most=168),
            rest_hours=read.integer("REST_HOURS", 11, at_least=0, at_most=48),
            travel_kmh=read.integer("TRAVEL_KMH", 120, at_least=0, at_most=1000),
            notification_days=read.integer("NOTIFICATION_DAYS", 90, at_least=1, at_most=3650),
            ratelimit_enabled=read.boolean("RATELIMIT_ENABLED", default=True),
            ratelimit_anonymous=read.rate("RATELIMIT_ANONYMOUS", "100/hour"),
            ratelimit_signed_in=read.rate("RATELIMIT_SIGNED_IN", "1000/hour"),
            ratelimit_reads=read.rate("RATELIMIT_READS", "300/minute"),
            ratelimit_key=read.rate("RATELIMIT_KEY", "600/minute"),
            ratelimit_booking=read.rate("RATELIMIT_BOOKING", "10/minute"),
            ratelimit_stops=read.rate("RATELIMIT_STOPS", "600/minute"),
            ratelimit_sign_in=read.rate("RATELIMIT_SIGN_IN", "10/minute"),
            ratelimit_mails_recipient=read.rate("RATELIMIT_MAILS_RECIPIENT", "5/day"),
            ratelimit_mails_client=read.rate("RATELIMIT_MAILS_CLIENT", "50/day"),
            ratelimit_account=read.rate("RATELIMIT_ACCOUNT", "10/minute;100/hour"),
            admin_email=read.mail_address("ADMIN_EMAIL") if read.text("ADMIN_EMAIL", "") else None,
            admin_password=read.text("ADMIN_PASSWORD", "") or None,
            trusted_proxies=read.integer("TRUSTED_PROXIES", 0, at_least=0, at_most=10),
            trusted_hosts=read.hosts("TRUSTED_HOSTS"),
            cors_origins=read.origins("CORS_ORIGINS"),
            database_pool_size=read.integer("DATABASE_POOL_SIZE", 8, at_least=1, at_most=100),
            log_level=read.pattern("LOG_LEVEL", r"DEBUG|INFO|WARNING|ERROR", "INFO", "DEBUG, INFO, WARNING or ERROR"),
            release=read.pattern(
                "RELEASE", r"[A-Za-z0-9._+-]{1,64}", _code_release(), "up to 64 letters, digits or . _ + -"
            ),
            metrics_token=read.secret("METRICS_TOKEN") if read.text("METRICS_TOKEN", "") else None,
            sentry_dsn=read.optional_url("SENTRY_DSN", schemes=("http", "https")),
            otel_traces_sampler_arg=read.share("OTEL_TRACES_SAMPLER_ARG", 0.1),
            otel_exporter_otlp_endpoint=read.optional_url("OTEL_EXPORTER_OTLP_ENDPOINT", schemes=("http", "https")),
            payments=read.all_of("PAYMENTS_"),
        )


SETTING_NAMES = tuple(field.name.upper() for field in fields(Settings) if field.name not in {"mail_folder", "payments"})


class _Reader:
    """Typed look-ups in an environment; SettingError names the setting, never its value."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str, default: str) -> str:
        return self._environment.get(name, "").strip() or default

    def all_of(self, prefix: str) -> dict[str, str]:
        """Every setting of a group, by its name less the prefix."""
        return {
            name.removeprefix(prefix): value.strip()
            for name, value in self._environment.items()
            if name.startswith(prefix) and value.strip()
        }

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

    def url(self, name: str, *, schemes: tuple[str, ...], default: str | None = None) -> str:
        value = self.required(name) if default is None else self.text(name, default)
        parts = urlsplit(value)
        if parts.scheme not in schemes or not (parts.netloc or parts.query) or not _is_address(value):
            raise SettingError(f"{name} is not an address of the form {schemes[0]}://host/...")
        return value

    def mail_address(self, name: str) -> str:
        value = self.required(name)
        if not _MAIL_ADDRESS.fullmatch(value):
            raise SettingError(f"{name} is not an e-mail address such as office@bus.example")
        return value

    def sender(self, name: str, default: str) -> str:
        """Read one mailbox (RFC 5322): an address alone, or a name and an address in angle brackets."""
        value = self.text(name, default)
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

    def optional_url(self, name: str, *, schemes: tuple[str, ...]) -> str | None:
        return self.url(name, schemes=schemes) if self.text(name, "") else None

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

    def rate(self, name: str, default: str) -> str:
        """Read a limit in Flask-Limiter's notation, e.g. `100/hour` or `10 per minute;100 per hour`."""
        return self.pattern(name, RATE, default, "a limit such as 100/hour")

    def currency(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if value not in list_currencies():
            raise SettingError(f"{name} is not a currency by its three capital letters, such as ZAR")
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


_LIMIT = r"[1-9][0-9]{0,9}\s*(/|per)\s*([1-9][0-9]{0,2}\s*)?(second|minute|hour|day|month|year)s?"
#: A limit in Flask-Limiter's notation, as a regular expression.
RATE = rf"{_LIMIT}(\s*[;,|]\s*{_LIMIT})*"
_ATOM = r"[^\s@<>(),:;\"\[\]\\.]+"
#: Letters of other scripts are for the mail servers that take them; a comma or a space is for none.
_MAIL_ADDRESS = re.compile(rf"{_ATOM}(\.{_ATOM})*@({_ATOM}(\.{_ATOM})*|\[[0-9A-Za-z:.]+\])")


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


def _with_driver(url: str) -> str:
    """Name the driver in a database URL: SQLAlchemy would use psycopg 2 by default."""
    return re.sub(r"^postgres(ql)?(\+psycopg)?://", "postgresql+psycopg://", url)


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
