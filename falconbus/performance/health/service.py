"""Health checks of database, cache, queue, migrations, owed jobs, mail and backups, each with a short time-out."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from flask import current_app
from redis import Redis
from sqlalchemy import text

from falconbus.performance.owed_jobs import service as owed_jobs
from falconbus.platform.backups.reports import last_report
from falconbus.platform.database.engine import db
from falconbus.platform.database.revisions import code_heads
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.mailing.queries import find_trouble
from falconbus.platform.telemetry import heartbeat

log = logging.getLogger(__name__)

HEALTHY, DEGRADED, UNHEALTHY = "healthy", "degraded", "unhealthy"
#: Of the queue: Redis answers, and nobody takes what lies in it.
NO_WORKER = "no worker"
#: What the settings leave to somebody else.
OFF = "off"
#: Workers start beside the web: none can be missed before the web itself is up for so long.
_BEGAN = clock.now()
_PATIENCE = timedelta(seconds=heartbeat.ALIVE_SECONDS)


class HealthOut(msgspec.Struct):
    """`status` is healthy when all parts are; degraded if seats are sold, but `jobs`, `mail` or `backups` are not well.

    `queue` may be `no worker`: none has given a sign of life for 75 seconds. `backups` may be `off`: BACKUP_ENABLED
    leaves them to somebody else.
    """

    status: str
    database: str
    cache: str
    queue: str
    migrations: str
    jobs: str
    mail: str
    backups: str
    timestamp: datetime


class UnhealthyOut(HealthOut):
    """`status` is unhealthy: at least one part is."""


def check(*, needs_worker: bool = True) -> HealthOut:
    """Return the state of every part; seats are sold without owed jobs and mail, which are `degraded` at worst.

    They are sold without workers, too, for a while: who asks whether a web process can sell does not need one.
    """
    settings = get_settings()
    parts = {
        "database": _ask("database", _database),
        "cache": _ask("cache", lambda: _redis(settings.cache_redis_url)),
        "queue": _queue(settings.redis_url),
        "migrations": _ask("migrations", _migrations),
    }
    tells = {
        "jobs": _degraded("jobs", lambda: not owed_jobs.any_late()),
        "mail": _degraded("mail", lambda: find_trouble() is None),
        "backups": _degraded("backups", _backups) if settings.backup_enabled else OFF,
    }
    well = {HEALTHY} if needs_worker else {HEALTHY, NO_WORKER}
    if any(state not in well for state in parts.values()):
        return UnhealthyOut(status=UNHEALTHY, timestamp=clock.now(), **parts, **tells)
    status = HEALTHY if all(state in {HEALTHY, OFF} for state in [*parts.values(), *tells.values()]) else DEGRADED
    return HealthOut(status=status, timestamp=clock.now(), **parts, **tells)


def _degraded(part: str, question: Callable[[], bool]) -> str:
    """Return how a part is without which the system still sells."""
    return HEALTHY if _ask(part, question) == HEALTHY else DEGRADED


def _ask(part: str, question: Callable[[], bool]) -> str:
    try:
        return HEALTHY if question() else UNHEALTHY
    except Exception as fault:  # noqa: BLE001  whatever its trouble, the part is not well
        db.session.rollback()
        log.warning("health: %s: %s", part, type(fault).__name__)
        return UNHEALTHY


def _backups() -> bool:
    found = last_report()
    return found is None or not found.trouble


def _database() -> bool:
    return bool(db.session.scalar(text("SELECT true")))


def _redis(url: str) -> bool:
    with _connected(url) as client:
        return bool(client.ping())


def _queue(url: str) -> str:
    workers: list[str] = []

    def ask() -> bool:
        with _connected(url) as client:
            workers.extend(heartbeat.alive(client))
        return True

    state = _ask("queue", ask)
    has_missed_them = state == HEALTHY and not workers and clock.now() - _BEGAN > _PATIENCE
    return NO_WORKER if has_missed_them else state


def _connected(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)


def _migrations() -> bool:
    """Return whether the database has exactly the migrations that the code has."""
    return set(db.session.scalars(text("SELECT version_num FROM alembic_version"))) == code_heads(
        current_app.config["MIGRATIONS"]
    )
