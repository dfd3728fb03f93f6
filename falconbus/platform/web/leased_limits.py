"""Rate limits without a trip to Redis for each request: a process leases several permits and counts them down."""

import time
from dataclasses import dataclass
from threading import Lock
from typing import Any

from limits.storage import RedisStorage
from packaging.version import Version

# A lease is a small share of what is left, so that the last permits before a limit are taken one by one. What a process
# has taken counts as used for all others: a limit is never overshot, and a caller loses none while the window lasts.
LEASED = "leased+"
_SHARE, _LARGEST = 32, 32
_MOST_KEYS = 10_000


@dataclass(slots=True)
class _Lease:
    left: int
    until: float
    #: What the window still had besides when the lease was taken; what others have taken since is not known.
    rest: int


class LeasedRedisStorage(RedisStorage):
    """The sliding windows of `limits` on Redis, leased in batches; for `leased+redis://` addresses."""

    # Without this, `limits` loads the valkey package too, because it is there: 10 MB a process.
    DEPENDENCIES = {"redis": Version("3.0")}  # noqa: RUF012  as the base class has it
    STORAGE_SCHEME = [f"{LEASED}redis", f"{LEASED}rediss"]  # noqa: RUF012  as the base class has it

    def __init__(self, uri: str, **options: Any) -> None:
        super().__init__(uri.removeprefix(LEASED), **options)
        self._leases: dict[str, _Lease] = {}
        self._lock = Lock()

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Take permits; return whether the limit has them."""
        return self.take(key, limit, expiry, amount) is not None

    def take(self, key: str, limit: int, expiry: int, amount: int = 1) -> int | None:
        """Count down a lease, or take a new one; return how many are left in the window, None when it is full."""
        with self._lock:
            lease = self._leases.get(key)
            if lease is not None and lease.left >= amount and time.monotonic() < lease.until:
                lease.left -= amount
                return lease.left + lease.rest
        left = self._left(key, limit, expiry)
        size = max(amount, min(_LARGEST, left // _SHARE))
        if not super().acquire_sliding_window_entry(key, limit, expiry, size):
            return None
        lease = _Lease(size - amount, time.monotonic() + expiry, max(0, left - size))
        if lease.left:
            self._keep(key, lease)
        return lease.left + lease.rest

    def _left(self, key: str, limit: int, expiry: int) -> int:
        previous, previous_ttl, current, _ = self.get_sliding_window(key, expiry)
        return limit - current - int(previous * previous_ttl / expiry)

    def _keep(self, key: str, lease: _Lease) -> None:
        with self._lock:
            if len(self._leases) >= _MOST_KEYS:
                now = time.monotonic()
                self._leases = {name: one for name, one in self._leases.items() if one.until > now and one.left}
                if len(self._leases) >= _MOST_KEYS:
                    self._leases.clear()
            self._leases[key] = lease
