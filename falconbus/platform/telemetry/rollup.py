"""Rolls the minutes in Redis up into rows of PostgreSQL, each exactly once, and deletes old rows."""

import logging
from datetime import UTC, datetime, timedelta

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.platform.kit.redis_connection import cache_redis
from falconbus.platform.telemetry import minute_counts, rollup_writer, store
from falconbus.platform.telemetry.minute_counts import Minute
from falconbus.platform.telemetry.models import KEPT, Resolution

log = logging.getLogger(__name__)

#: A process writes a minute until 60 seconds after its end; the rest is for clocks that differ.
SETTLED = timedelta(seconds=60 + 75)
_SAMPLES_LIVE = timedelta(days=7)
_MINUTES_LIVE = timedelta(days=1)
_DELETED_AT_ONCE = 10_000

# One run at a time: rollup_writer reads rows, adds to them and writes them back.
_IS_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('telemetry.roll_up'))")
# A generic plan would read the whole table even when there is nothing to delete.
_PLAN_BY_VALUE = text("SET LOCAL plan_cache_mode = force_custom_plan")
_TAKE_MINUTE = text("INSERT INTO telemetry_minutes (minute) VALUES (:minute) ON CONFLICT DO NOTHING")


def roll_up() -> int:
    """Roll up every minute that is over and settled, a transaction each; return how many.

    The mark in telemetry_minutes is committed with the counts: after a crash at any place, and from two runs at once, a
    minute counts once. What a process writes of a minute that is rolled up already is lost.
    """
    redis = cache_redis()
    latest = (clock.now() - SETTLED).timestamp()
    rolled = 0
    try:
        for minute in store.minutes(redis):
            if minute > latest:
                break
            outcome = _roll(redis, minute)
            if outcome is None:
                break
            rolled += outcome
    except RedisError as fault:
        log.warning("telemetry: the minutes wait in Redis: %s", type(fault).__name__)
    return rolled


def trim() -> None:
    """Delete rows past their resolution's retention, old samples, and marks that no Redis key can match."""
    now = clock.now()
    for resolution, kept in KEPT.items():
        _delete("telemetry_rollups", f"resolution = {resolution.value} AND start < :before", now - kept)
    _delete("telemetry_samples", "at < :before", now - _SAMPLES_LIVE)
    _delete("telemetry_minutes", "minute < :before", now - _MINUTES_LIVE)


def start_of(minute: datetime, resolution: Resolution) -> datetime:
    """Return the begin of the interval that a minute is in; that of EVER is the epoch."""
    seconds = int(minute.timestamp())
    return datetime.fromtimestamp(seconds // resolution * resolution if resolution else 0, UTC)


def _roll(redis: Redis, minute: int) -> bool | None:
    """Roll up one minute; return whether that was done now, None when another run is at work."""
    seen = store.read_minute(redis, minute)
    try:
        if not db.session.scalar(_IS_ALONE):
            return None
        is_new = _mark_and_add(datetime.fromtimestamp(minute, UTC), seen)
        transactions.commit()
    except DBAPIError as fault:
        transactions.rollback()
        if fault.connection_invalidated or getattr(fault.orig, "sqlstate", None) is None:
            raise
        # One bad minute must not hold up the others; it is tried again until Redis forgets it.
        log.exception("telemetry: the minute %s was not rolled up", minute)
        return False
    store.forget(redis, minute)
    return is_new


def _mark_and_add(minute: datetime, seen: list[Minute]) -> bool:
    if not seen:
        return False
    taken = db.session.execute(_TAKE_MINUTE, {"minute": minute})
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return False
    starts = {resolution: start_of(minute, resolution) for resolution in Resolution}
    rollup_writer.add(starts, minute, minute_counts.merged(seen))
    return True


def _delete(table: str, condition: str, before: datetime) -> None:
    """Delete rows in portions that stay below the statement time-out."""
    statement = text(
        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("  # noqa: S608  the names stand above
        f"SELECT ctid FROM {table} WHERE {condition} LIMIT {_DELETED_AT_ONCE}))"
    )
    while True:
        db.session.execute(_PLAN_BY_VALUE)
        deleted = db.session.execute(statement, {"before": before})
        transactions.commit()
        if deleted.rowcount < _DELETED_AT_ONCE:  # type: ignore[attr-defined]
            return
