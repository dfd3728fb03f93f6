"""What an answer tells of has a version in Redis, its tag's; a change announces a new one.

Announced is *before* the commit: after it a crash would lose the announcement, and the old answer would live on. So for
SETTLING seconds after an announcement an answer may have been made from what was there before the commit: it is kept
for SETTLED_AFTER at most (docs/decisions/caching.md). A version is `<milliseconds since 1970>-<random>`: one that was
evicted never comes back as what it was.
"""

import logging
import secrets
import threading
import time
from collections.abc import Iterable, Mapping

from redis import Redis, RedisError

from falconbus.platform.kit import clock
from falconbus.platform.kit.redis_connection import RedisLine

log = logging.getLogger(__name__)

KEY = "cache:versions"
#: Longer than a commit takes after its announcement, and than hosts' clocks differ.
SETTLING = 10.0
SETTLED_AFTER = 0.4
#: A process believes what it knows of versions for so long, and asks again somewhat earlier.
BELIEVED, RENEWED = 0.5, 0.3
#: After a fault Redis is left alone for so long.
PAUSE = 2.0
#: No answer is kept for so long.
FORGOTTEN_AFTER = 2 * 86400
_EPOCH, BORN = "epoch", "born"
_MOST_KNOWN = 5000


class Versions:
    """The versions that this process knows; safe for threads."""

    def __init__(self, line: RedisLine) -> None:
        self._line = line
        self._known: dict[str, str] = {}
        self._epoch = ""
        self._checked = float("-inf")
        self._silent_until = 0.0
        self._owed: set[str] = set()
        self._lock = threading.Lock()

    def are_current(self, versions: Mapping[str, str]) -> bool:
        """Whether nothing has been announced since, as far as is known; False when it cannot be known."""
        if not self._believes():
            return False
        known = self._known
        return all(known.get(tag) == version for tag, version in versions.items()) or self._meet(versions)

    def of(self, tags: Iterable[str]) -> dict[str, str] | None:
        """The versions that these have, as far as is known; None when it cannot be known."""
        if not self._believes():
            return None
        wanted = list(tags)
        try:
            self._known.update(self._ask([tag for tag in wanted if tag not in self._known]))
        except RedisError as fault:
            self.fail(fault)
            return None
        known = {tag: version for tag in wanted if (version := self._known.get(tag)) is not None}
        return known if len(known) == len(wanted) else None

    def learn(self, versions: Mapping[str, str]) -> None:
        """Be told versions that Redis has just given."""
        self._known.update(versions)

    def announce(self, tags: Iterable[str]) -> None:
        """These are about to change. Redis away is remembered, and made up for before it is believed again."""
        version = new_version()
        owed = {*tags, *self._owed}
        try:
            if time.monotonic() < self._silent_until:
                self._owed |= owed
                return
            told = (part for tag in (*owed, _EPOCH) for part in (tag, version))
            self._line.ask(("HSET", KEY, *told))
            self._owed.clear()
        except RedisError as fault:
            self._owed |= owed
            self.fail(fault)
            return
        self._known.update(dict.fromkeys(owed & self._known.keys(), version))

    def trim(self, redis: Redis) -> None:
        """Forget versions that no kept answer can have any more; asked for again, they are made anew."""
        now = clock.now().timestamp()
        for tag, version in redis.hscan_iter(KEY):
            if tag != BORN.encode() and now - _announced_at(_text(version)) > FORGOTTEN_AFTER:
                redis.hdel(KEY, tag)

    def is_up(self) -> bool:
        """Whether Redis is worth asking."""
        return time.monotonic() >= self._silent_until

    def _believes(self) -> bool:
        age = time.monotonic() - self._checked
        if age > RENEWED and self._lock.acquire(blocking=age > BELIEVED):
            try:
                if time.monotonic() - self._checked > RENEWED and self.is_up():
                    self._renew()
            finally:
                self._lock.release()
        return time.monotonic() - self._checked < BELIEVED

    def _renew(self) -> None:
        """One question: has anything changed? Only then, what."""
        asked = time.monotonic()
        try:
            if self._owed:
                self.announce(())
            (epoch,) = self._line.ask(("HGET", KEY, _EPOCH))
            text = _text(epoch)
            if not text or text != self._epoch:
                self._known = self._ask(list(self._known)) if len(self._known) < _MOST_KNOWN else {}
                self._epoch = text
        except RedisError as fault:
            self.fail(fault)
            return
        self._checked = asked

    def _meet(self, versions: Mapping[str, str]) -> bool:
        """An answer may depend on what this process has not met yet."""
        unknown = [tag for tag in versions if tag not in self._known]
        if not unknown:
            return False
        try:
            self._known.update(self._ask(unknown))
        except RedisError as fault:
            self.fail(fault)
            return False
        return all(self._known.get(tag) == version for tag, version in versions.items())

    def _ask(self, tags: list[str]) -> dict[str, str]:
        if not tags:
            return {}
        ((born, *values),) = self._line.ask(("HMGET", KEY, BORN, *tags))
        if born is None:
            *_, (born, *values) = self._line.ask(
                ("HSETNX", KEY, BORN, new_version(settled=True)), ("HMGET", KEY, BORN, *tags)
            )
        # What was never announced is as old as the memory of announcements; when that is lost, so is every answer.
        return {tag: _text(value or born) for tag, value in zip(tags, values, strict=True)}

    def fail(self, fault: RedisError) -> None:
        """Redis is away: leave it alone for a while."""
        if self.is_up():
            log.warning("the cache's Redis is away (%s): answers are made anew", type(fault).__name__)
        self._silent_until = time.monotonic() + PAUSE


def are_settled(versions: Mapping[str, str], *, at: float) -> bool:
    """Whether every change that had been announced at that instant was long committed then."""
    return at - max(_announced_at(version) for version in versions.values()) > SETTLING


def _text(value: bytes | str | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""


def _announced_at(version: str) -> float:
    return int(version.partition("-")[0]) / 1000


def new_version(*, settled: bool = False) -> str:
    """A version of now; `settled`: nothing was announced, nobody knows of a change."""
    at = clock.now().timestamp() - (2 * SETTLING if settled else 0)
    return f"{int(at * 1000)}-{secrets.token_hex(4)}"
