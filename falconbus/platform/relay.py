"""Hands the outbox's rows over to Celery: each once, and again only when the broker lost it or its task never came."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import DateTime

from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.jobs import LEASE, Queue
from falconbus.platform.kit import clock

log = logging.getLogger(__name__)

_BATCH = 100
_MOST = 2000
_PATIENCE_SECONDS = 2.0
#: A job that no release knows: one that was enqueued by the next release is known in a moment.
_UNKNOWN_DELAY, _UNKNOWN_LIMIT = timedelta(minutes=5), timedelta(days=1)
_NEVER = datetime.fromtimestamp(0, UTC)

# Whose message still waits is looked after again later. The task of a row that had begun never came back.
_STILL_WAITING = text("""
    UPDATE outbox SET run_after = :leased_until
    WHERE id IN (
        SELECT id FROM outbox JOIN unnest(CAST(:jobs AS varchar[]), :lost_before) AS known (name, lost_before)
            ON name = job AND handed_over_at >= lost_before
        WHERE done_at IS NULL AND failed_at IS NULL AND run_after <= :now AND begun_at IS NULL
        FOR UPDATE OF outbox SKIP LOCKED)
""").bindparams(bindparam("lost_before", type_=ARRAY(DateTime(timezone=True))))
_CLAIM = text("""
    UPDATE outbox SET run_after = :leased_until, handed_over_at = :now, begun_at = NULL,
           last_error = CASE WHEN begun_at IS NULL THEN last_error ELSE 'its worker never came back' END
    WHERE id IN (
        SELECT id FROM outbox LEFT JOIN unnest(CAST(:jobs AS varchar[]), :lost_before) AS known (name, lost_before)
            ON name = job
        WHERE done_at IS NULL AND failed_at IS NULL AND run_after <= :now
          AND (handed_over_at IS NULL OR begun_at IS NOT NULL OR handed_over_at < lost_before)
        ORDER BY run_after LIMIT :limit FOR UPDATE OF outbox SKIP LOCKED)
    RETURNING id, job, arguments, request_id
""").bindparams(bindparam("lost_before", type_=ARRAY(DateTime(timezone=True))))
_SET_ASIDE = text("""
    UPDATE outbox SET handed_over_at = NULL, run_after = :later, last_error = 'no release here knows this job',
           failed_at = CASE WHEN created_at <= :too_old THEN CAST(:now AS timestamptz) END
    WHERE id = ANY (:ids)
""")


class _Headers(msgspec.Struct):
    published_at: float | None = None


class _Message(msgspec.Struct):
    headers: _Headers


def relay() -> int:
    """Hand the rows that are due over to their tasks, and return how many.

    A row is handed over again only when its queue no longer has the message (Redis was emptied, a worker died with
    it, or this process did before it was sent), or when the lease of the task that began it has ended.
    """
    number = 0
    while number < _MOST:
        rows = _claim()
        for row in rows:
            _hand_over(row)
        number += len(rows)
        if len(rows) < _BATCH:
            break
    return number


def published_at(message: bytes | None) -> float | None:
    """Return when a message was published, in epoch seconds; None for one without a stamp."""
    if message is None:
        return None
    try:
        return msgspec.json.decode(message, type=_Message).headers.published_at
    except msgspec.DecodeError:
        return None


def _claim() -> list[AnyRow]:
    known = {job.name: job for job in jobs.registered()}
    lost_before = _lost_before()
    now = clock.now()
    values = {
        "now": now,
        "leased_until": now + LEASE,
        "jobs": list(known),
        "lost_before": [lost_before[job.queue] for job in known.values()],
    }
    db.session.execute(_STILL_WAITING, values)
    rows = list(db.session.execute(_CLAIM, {**values, "limit": _BATCH}).all())
    unknown = [row.id for row in rows if row.job not in known]
    if unknown:
        log.error("jobs of no release here: outbox %s", unknown)
        later, too_old = now + _UNKNOWN_DELAY, now - _UNKNOWN_LIMIT
        db.session.execute(_SET_ASIDE, {"ids": unknown, "now": now, "later": later, "too_old": too_old})
    transactions.commit()
    return rows


def _hand_over(row: AnyRow) -> None:
    job = next((job for job in jobs.registered() if job.name == row.job), None)
    if job is not None:
        jobs.celery.send_task(
            job.name,
            kwargs={"outbox_id": row.id, **row.arguments},
            queue=job.queue,
            headers={"request_id": row.request_id},
        )


def _lost_before() -> Mapping[Queue, datetime]:
    """Return for each queue since when what was handed over may still wait in it; what is older is not there.

    A queue is first in, first out: nothing waits that was handed over long before its oldest message was published.
    """
    now = clock.now()
    url = jobs.celery.conf.broker_url
    with Redis.from_url(
        url, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS, retry=Retry(NoBackoff(), 0)
    ) as redis:
        oldest = {queue: redis.lindex(queue, -1) for queue in Queue}
    return {queue: _may_wait_since(message, now) for queue, message in oldest.items()}


def _may_wait_since(oldest: bytes | None, now: datetime) -> datetime:
    if oldest is None:
        return now
    stamp = published_at(oldest)
    return _NEVER if stamp is None else min(now, datetime.fromtimestamp(stamp, UTC) - LEASE)
