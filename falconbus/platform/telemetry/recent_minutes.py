"""The newest minutes, which are in Redis only: what a reader adds to one resolution of the rollups."""

import logging
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime

from redis.exceptions import RedisError
from sqlalchemy import text

from falconbus.platform.database.engine import read
from falconbus.platform.kit.redis_connection import cache_redis
from falconbus.platform.telemetry import store
from falconbus.platform.telemetry.minute_counts import Minute

log = logging.getLogger(__name__)

_ROLLED = text("SELECT minute FROM telemetry_minutes WHERE minute = ANY(:minutes)")


@dataclass(frozen=True, slots=True)
class Tail:
    """Minutes by their begin, one for each process. Not complete: Redis was away or too slow, and some are missing."""

    minutes: list[tuple[datetime, Minute]]
    is_complete: bool = True

    def without(self, rolled: Container[datetime]) -> "Tail":
        """Only the minutes that are not counted in the rollups yet."""
        return Tail([(minute, seen) for minute, seen in self.minutes if minute not in rolled], self.is_complete)


def present() -> Tail:
    """All minutes in Redis, also those that have just been rolled up.

    Whoever needs an exact sum calls this first, then reads the rollups and `telemetry_minutes` in ONE statement (they
    change together), and takes `without` those: a minute is then counted exactly once at any moment.
    """
    try:
        found = store.read(cache_redis())
    except RedisError as fault:
        log.warning("telemetry: the newest minutes cannot be read: %s", type(fault).__name__)
        return Tail([], is_complete=False)
    return Tail([(datetime.fromtimestamp(minute, UTC), seen) for minute, _, seen in found])


def unrolled() -> Tail:
    """The minutes in Redis that the rollups do not have yet."""
    tail = present()
    if not tail.minutes:
        return tail
    listed = sorted({minute for minute, _ in tail.minutes})
    return tail.without({row.minute for row in read(_ROLLED, {"minutes": listed})})
