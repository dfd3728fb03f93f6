"""Recounts of unread notifications after a commit. An outage of Redis delays the counts and nothing else."""

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

#: Seconds to wait after a failure of Redis; pages poll meanwhile.
RETRY_AFTER = 5.0

_COUNTS = text("""
    SELECT staff.id, (SELECT count(*) FROM unread_notifications WHERE staff_id = staff.id) AS unread
    FROM unnest(CAST(:staff_ids AS integer[])) AS staff (id)
""")


def recount_after_commit(staff_ids: Collection[int]) -> None:
    """Recount the unread notifications of staff after the commit: one statement and two pipelines for all."""
    transactions.before_commit(_Recount).staff_ids.update(staff_ids)


def prime(staff_id: int) -> None:
    """Publish somebody's count of unread notifications now, for a listener about to connect."""
    _publisher.publish([staff_id], _count_in_session)


class _Recount:
    """The staff whose unread notifications the running transaction changes."""

    def __init__(self) -> None:
        self.staff_ids: set[int] = set()

    def __call__(self) -> None:
        if self.staff_ids:
            transactions.on_commit("count notifications", self._publish)

    def _publish(self) -> None:
        if _publisher.is_paused:
            _publisher.missed |= self.staff_ids
        else:
            _publisher.publish(self.staff_ids | _publisher.missed, _count_afresh)


class UnreadCountPublisher:
    """Stores counts in Redis; those missed in an outage are stored with the next ones."""

    def __init__(self) -> None:
        self.missed: set[int] = set()
        self._paused_until = 0.0
        self._is_down = False

    @property
    def is_paused(self) -> bool:
        return time.monotonic() < self._paused_until

    def publish(self, staff_ids: Collection[int], count: Callable[[list[int]], Sequence[AnyRow]]) -> None:
        """Count and store; a RedisError is logged once per outage and not raised."""
        ordered_ids = sorted(staff_ids)
        try:
            mark = counters.mark(cache_redis(), ordered_ids)
            counters.store(cache_redis(), mark, {row.id: row.unread for row in count(ordered_ids)})
        except RedisError as error:
            self._paused_until = time.monotonic() + RETRY_AFTER
            self.missed |= set(ordered_ids)
            if not self._is_down:
                log.warning("counts of notifications are not kept: %s", type(error).__name__)
            self._is_down = True
        else:
            self._is_down = False
            self.missed -= set(ordered_ids)


_publisher = UnreadCountPublisher()


def _count_in_session(staff_ids: list[int]) -> Sequence[AnyRow]:
    return db.session.execute(_COUNTS, {"staff_ids": staff_ids}).all()


def _count_afresh(staff_ids: list[int]) -> Sequence[AnyRow]:
    """Count on a connection of its own: the session has just committed, and would begin another transaction."""
    with db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        return connection.execute(_COUNTS, {"staff_ids": staff_ids}).all()
