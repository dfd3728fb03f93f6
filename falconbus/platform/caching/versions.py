"""The version of each tag in Redis: a change announces a new one, which invalidates what was cached under the old.

A change is announced *before* its commit: after it a crash would lose the announcement, and the old response would live
on. So for SETTLING seconds after an announcement a response may have been made from the state before the commit: it is
kept for SETTLED_AFTER at most (docs/decisions/caching.md). A version is `<milliseconds since 1970>-<random>`: one that
was evicted never comes back as what it was.
"""

import logging
import secrets
import threading
import time
from collections.abc import Iterable, Mapping

from redis import Redis, RedisError

from falconbus.platform.kit import clock
from falconbus.platform.kit.redis_connection import RedisConnection

log = logging.getLogger(__name__)

KEY = "cache:versions"
#: Seconds: longer than a commit takes after its announcement, and than hosts' clocks differ.
SETTLING = 10.0
SETTLED_AFTER = 0.4
#: Seconds for which a process trusts the versions it knows, and after which it renews them.
TRUSTED_FOR, RENEWED_AFTER = 0.5, 0.3
#: Seconds without requests to Redis after a fault.
PAUSE = 2.0
#: Seconds: longer than any response is cached.
FORGOTTEN_AFTER = 2 * 86400
#: Fields of the hash beside the tags: the version of the last announcement, and that of tags never announced.
_EPOCH, INITIAL = "epoch", "born"
_MAX_KNOWN = 5000


class Versions:
    """The versions that this process knows, renewed from Redis every RENEWED_AFTER seconds; thread-safe."""

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection
        self._known: dict[str, str] = {}
        self._epoch = ""
        self._checked_at = float("-inf")
        self._paused_until = 0.0
        self._unannounced: set[str] = set()
        self._lock = threading.Lock()

    def are_current(self, versions: Mapping[str, str]) -> bool:
        """Return whether none of these versions has been replaced; False when that cannot be known."""
        if not self._ensure_trusted():
            return False
        known = self._known
        return all(known.get(tag) == version for tag, version in versions.items()) or self._learn_and_compare(versions)

    def lookup(self, tags: Iterable[str]) -> dict[str, str] | None:
        """Return the present versions of these tags; None when they cannot be known."""
        if not self._ensure_trusted():
            return None
        wanted = list(tags)
        try:
            self._known.update(self._fetch([tag for tag in wanted if tag not in self._known]))
        except RedisError as fault:
            self.pause(fault)
            return None
        known = {tag: version for tag in wanted if (version := self._known.get(tag)) is not None}
        return known if len(known) == len(wanted) else None

    def learn(self, versions: Mapping[str, str]) -> None:
        """Take over versions that Redis has just returned."""
        self._known.update(versions)

    def announce(self, tags: Iterable[str]) -> None:
        """Give these tags new versions, because they are about to change.

        While Redis is away they are remembered, and announced before its versions are trusted again.
        """
        version = new_version()
        pending = {*tags, *self._unannounced}
        try:
            if time.monotonic() < self._paused_until:
                self._unannounced |= pending
                return
            fields = (part for tag in (*pending, _EPOCH) for part in (tag, version))
            self._connection.execute(("HSET", KEY, *fields))
            self._unannounced.clear()
        except RedisError as fault:
            self._unannounced |= pending
            self.pause(fault)
            return
        self._known.update(dict.fromkeys(pending & self._known.keys(), version))

    def trim(self, redis: Redis) -> None:
        """Delete versions that no cached response can have any more; asked for again, they are made anew."""
        now = clock.now().timestamp()
        for tag, version in redis.hscan_iter(KEY):
            if tag != INITIAL.encode() and now - _announced_at(_text(version)) > FORGOTTEN_AFTER:
                redis.hdel(KEY, tag)

    def is_up(self) -> bool:
        """Return whether Redis may be asked: False for PAUSE seconds after a fault."""
        return time.monotonic() >= self._paused_until

    def _ensure_trusted(self) -> bool:
        age = time.monotonic() - self._checked_at
        if age > RENEWED_AFTER and self._lock.acquire(blocking=age > TRUSTED_FOR):
            try:
                if time.monotonic() - self._checked_at > RENEWED_AFTER and self.is_up():
                    self._renew()
            finally:
                self._lock.release()
        return time.monotonic() - self._checked_at < TRUSTED_FOR

    def _renew(self) -> None:
        """Ask Redis whether anything has changed, and only then for all known versions."""
        started = time.monotonic()
        try:
            if self._unannounced:
                self.announce(())
            (epoch,) = self._connection.execute(("HGET", KEY, _EPOCH))
            text = _text(epoch)
            if not text or text != self._epoch:
                self._known = self._fetch(list(self._known)) if len(self._known) < _MAX_KNOWN else {}
                self._epoch = text
        except RedisError as fault:
            self.pause(fault)
            return
        self._checked_at = started

    def _learn_and_compare(self, versions: Mapping[str, str]) -> bool:
        """Fetch the versions of tags that this process has not met yet, and compare again."""
        unknown = [tag for tag in versions if tag not in self._known]
        if not unknown:
            return False
        try:
            self._known.update(self._fetch(unknown))
        except RedisError as fault:
            self.pause(fault)
            return False
        return all(self._known.get(tag) == version for tag, version in versions.items())

    def _fetch(self, tags: list[str]) -> dict[str, str]:
        if not tags:
            return {}
        ((initial, *values),) = self._connection.execute(("HMGET", KEY, INITIAL, *tags))
        if initial is None:
            *_, (initial, *values) = self._connection.execute(
                ("HSETNX", KEY, INITIAL, new_version(settled=True)), ("HMGET", KEY, INITIAL, *tags)
            )
        # A tag never announced is as old as the hash of versions; when that is lost, every response is invalid.
        return {tag: _text(value or initial) for tag, value in zip(tags, values, strict=True)}

    def pause(self, fault: RedisError) -> None:
        """Stop asking Redis for PAUSE seconds after a fault."""
        if self.is_up():
            log.warning("the cache's Redis is away (%s): answers are made anew", type(fault).__name__)
        self._paused_until = time.monotonic() + PAUSE


def are_settled(versions: Mapping[str, str], *, at: float) -> bool:
    """Return whether every change announced by that instant (seconds since 1970) was surely committed then."""
    return at - max(_announced_at(version) for version in versions.values()) > SETTLING


def _text(value: bytes | str | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""


def _announced_at(version: str) -> float:
    return int(version.partition("-")[0]) / 1000


def new_version(*, settled: bool = False) -> str:
    """Return a version of now; with `settled` one so old that no change can be under way."""
    at = clock.now().timestamp() - (2 * SETTLING if settled else 0)
    return f"{int(at * 1000)}-{secrets.token_hex(4)}"
