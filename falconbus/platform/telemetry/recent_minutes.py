"""The newest minutes, which only Redis has: readers add them to one resolution of the rollups."""

import logging
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime

from redis.exceptions import RedisError
from sqlalchemy import text

from falconbus.platform.database.engine import db
from falconbus.platform.kit.redis_connection import cache_redis
from falconbus.platform.telemetry import store
from falconbus.platform.telemetry.minute_counts import Minute

log = logging.getLogger(__name__)

_ROLLED = text("SELECT minute FROM telemetry_minutes WHERE minute = ANY(:minutes)")


@dataclass(frozen=True, slots=True)
class RecentMinutes:
    """Minutes by their begin, one for each process; not complete when Redis was away or too slow."""

    minutes: list[tuple[datetime, Minute]]
    is_complete: bool = True

    def without(self, rolled: Container[datetime]) -> "RecentMinutes":
        """Return only the minutes that the rollups do not count yet."""
        return RecentMinutes(
            [(minute, seen) for minute, seen in self.minutes if minute not in rolled], self.is_complete
        )


def present() -> RecentMinutes:
    """Return all minutes in Redis, also those that have just been rolled up.

    For an exact sum call this first, then read the rollups and `telemetry_minutes` in ONE statement (they change
    together), and leave those out by `without`: each minute is then counted exactly once.
    """
    try:
        found = store.read(cache_redis())
    except RedisError as fault:
        log.warning("telemetry: the newest minutes cannot be read: %s", type(fault).__name__)
        return RecentMinutes([], is_complete=False)
    return RecentMinutes([(datetime.fromtimestamp(minute, UTC), seen) for minute, _, seen in found])


def unrolled() -> RecentMinutes:
    """Return the minutes in Redis that the rollups do not have yet."""
    recent = present()
    if not recent.minutes:
        return recent
    listed = sorted({minute for minute, _ in recent.minutes})
    return recent.without({row.minute for row in db.session.execute(_ROLLED, {"minutes": listed}).all()})
