"""Counting anew what somebody has not read, once a change of it stands. While Redis is away nobody is held up by it."""

import logging
import time
from collections.abc import Callable, Collection, Sequence

from redis.exceptions import RedisError
from sqlalchemy import text

from falconbus.platform.database import transactions
from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.kit.redis_connection import cache_redis
from falconbus.scheduling.notifications import counters

log = logging.getLogger(__name__)

#: Seconds without a word to a Redis that was away; pages poll meanwhile.
PAUSE = 5.0

_COUNTS = text("""
    SELECT staff.id, (SELECT count(*) FROM unread_notifications WHERE staff_id = staff.id) AS unread
    FROM unnest(CAST(:staff_ids AS integer[])) AS staff (id)
""")


def note_change(staff_ids: Collection[int]) -> None:
    """Have the unread of these counted anew after the commit: one statement and two pipelines, however many."""
    transactions.before_commit(_Changed).staff_ids.update(staff_ids)


def prime(staff_id: int) -> None:
    """Count somebody's unread, for a listener who is about to come."""
    _announcer.announce([staff_id], _count_in_session)


class _Changed:
    """Those whose unread the running transaction changes."""

    def __init__(self) -> None:
        self.staff_ids: set[int] = set()

    def __call__(self) -> None:
        if self.staff_ids:
            transactions.on_commit("count notifications", self._announce)

    def _announce(self) -> None:
        if _announcer.is_silent:
            _announcer.missed |= self.staff_ids
        else:
            _announcer.announce(self.staff_ids | _announcer.missed, _count_afresh)


class Announcer:
    """Has counts kept in Redis; who could not be told of is made up for with the next one."""

    def __init__(self) -> None:
        self.missed: set[int] = set()
        self._silent_until = 0.0
        self._is_away = False

    @property
    def is_silent(self) -> bool:
        return time.monotonic() < self._silent_until

    def announce(self, staff_ids: Collection[int], count: Callable[[list[int]], Sequence[AnyRow]]) -> None:
        """Count and keep; what ails Redis is logged once and ails nobody else."""
        concerned = sorted(staff_ids)
        try:
            own = counters.mark(cache_redis(), concerned)
            counters.keep(cache_redis(), own, {row.id: row.unread for row in count(concerned)})
        except RedisError as fault:
            self._silent_until = time.monotonic() + PAUSE
            self.missed |= set(concerned)
            if not self._is_away:
                log.warning("counts of notifications are not kept: %s", type(fault).__name__)
            self._is_away = True
        else:
            self._is_away = False
            self.missed -= set(concerned)


_announcer = Announcer()


def _count_in_session(staff_ids: list[int]) -> Sequence[AnyRow]:
    return db.session.execute(_COUNTS, {"staff_ids": staff_ids}).all()


def _count_afresh(staff_ids: list[int]) -> Sequence[AnyRow]:
    """On a connection of its own: the session, which has just committed, would begin another transaction."""
    with db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        return connection.execute(_COUNTS, {"staff_ids": staff_ids}).all()
