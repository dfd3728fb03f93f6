"""The last look at the backups, by whoever can see them, for every process that asks how it stands."""

import msgspec

from falconbus.platform.backups.status import Status
from falconbus.platform.kit import clock
from falconbus.platform.kit.redis_connection import cache_redis
from falconbus.platform.kit.settings import get_settings

_KEY = "backups:status"
#: Long enough to tell that nobody has looked, or taken one, for days.
_SECONDS = 7 * 24 * 3600


def publish(status: Status) -> None:
    """Keep a look at the backups."""
    cache_redis().set(_KEY, msgspec.json.encode(status), ex=_SECONDS)


def last_report() -> Status | None:
    """Return the last look, its trouble as of now; None when nobody has looked yet, or backups are off. RedisError."""
    if not get_settings().backup_enabled:
        return None
    kept = cache_redis().get(_KEY)
    if not isinstance(kept, bytes):
        return None
    status = msgspec.json.decode(kept, type=Status)
    return msgspec.structs.replace(status, trouble=status.trouble_at(clock.now()))
