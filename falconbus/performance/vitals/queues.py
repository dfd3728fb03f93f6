"""Vitals of the workers: what waits for them, how long it has waited, and which workers are alive."""

from datetime import datetime
from typing import Any

import msgspec
from flask import g
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import func, select, true

from falconbus.performance.owed_jobs import queries as owed_jobs
from falconbus.platform.database.engine import db
from falconbus.platform.jobs import Queue
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.mailing.models import Mail, MailStatus
from falconbus.platform.relay import published_at
from falconbus.platform.telemetry.gauges import Reading, gauge
from falconbus.platform.telemetry.heartbeat import ALIVE_SECONDS, WORKERS

#: kombu keeps a list for each priority: `queue` for 0, `queue\x06\x163` ... for the others (kombu.transport.redis).
_LISTS = ("", "\x06\x163", "\x06\x166", "\x06\x169")
_PATIENCE_SECONDS = 0.5

_MAILS = (
    select(func.count().label("unsent"), func.min(Mail.created_at).label("oldest_unsent"))
    .where(Mail.status.in_((MailStatus.QUEUED, MailStatus.SENDING)))
    .subquery()
)


class QueueOut(msgspec.Struct):
    """A queue of the broker. No age: it is empty, or its oldest message bears no stamp."""

    name: str
    depth: int
    oldest_seconds: float | None


class WorkerOut(msgspec.Struct):
    name: str
    seen_seconds_ago: float


class OutboxOut(msgspec.Struct):
    """`due` rows wait for the relay, `late` ones should have been done by now, `failed` ones wait for a person."""

    due: int
    failed: int
    oldest_due_seconds: float | None
    late: int = 0


class MailsOut(msgspec.Struct):
    unsent: int
    oldest_unsent_seconds: float | None


class QueuesOut(msgspec.Struct):
    """Without an answer of the broker, `broker_fault` says why, and `queues` and `workers` are empty."""

    queues: list[QueueOut]
    workers: list[WorkerOut]
    outbox: OutboxOut
    mails: MailsOut
    broker_fault: str | None = None


def vitals() -> QueuesOut:
    """Return the state of queues, outbox, mails and workers, in one statement and one pipeline."""
    now = clock.now()
    outbox = owed_jobs.numbers(now).subquery()
    row = db.session.execute(select(outbox, _MAILS).select_from(outbox.join(_MAILS, true()))).one()
    found = QueuesOut(
        queues=[],
        workers=[],
        outbox=OutboxOut(row.due, row.failed, _age(row.oldest, now), row.late),
        mails=MailsOut(row.unsent, _age(row.oldest_unsent, now)),
    )
    try:
        _ask_broker(found, now.timestamp())
    except RedisError as fault:
        found.broker_fault = type(fault).__name__
    return found


def _ask_broker(found: QueuesOut, now: float) -> None:
    url = get_settings().redis_url
    with Redis.from_url(url, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS) as redis:
        pipeline = redis.pipeline(transaction=False)
        for queue in Queue:
            for priority in _LISTS:
                pipeline.llen(queue + priority)
                pipeline.lindex(queue + priority, -1)
        pipeline.zrangebyscore(WORKERS, now - ALIVE_SECONDS, "+inf", withscores=True)
        *replies, workers = pipeline.execute()
    found.workers = [WorkerOut(name.decode(), max(0.0, now - seen)) for name, seen in workers]
    each = 2 * len(_LISTS)
    found.queues = [_queue(queue, replies[each * number :][:each], now) for number, queue in enumerate(Queue)]


def _queue(queue: Queue, replies: list[Any], now: float) -> QueueOut:
    """Return a queue from length and last message of each of its lists: kombu pushes at the head, pops at the end."""
    stamps = [stamp for message in replies[1::2] if (stamp := published_at(message)) is not None]
    return QueueOut(queue, sum(replies[::2]), max(0.0, now - min(stamps)) if stamps else None)


def _age(instant: datetime | None, now: datetime) -> float | None:
    return (now - instant).total_seconds() if instant else None


def _once() -> QueuesOut:
    """Return the vitals, read once however many gauges show them in one request."""
    if "queues" not in g:
        g.queues = vitals()
    found: QueuesOut = g.queues
    return found


@gauge("queue_depth", "Messages that wait in the broker", label="queue")
def _depths() -> dict[str, float]:
    return {queue.name: queue.depth for queue in _once().queues}


@gauge("queue_oldest_seconds", "How long the oldest message has waited", label="queue")
def _ages() -> dict[str, float]:
    return {queue.name: queue.oldest_seconds or 0 for queue in _once().queues}


@gauge("outbox_rows", "Jobs that are due and not handed over, late, and refused for good", label="state")
def _outbox() -> dict[str, float]:
    found = _once().outbox
    return {"due": found.due, "late": found.late, "failed": found.failed}


@gauge(
    "oldest_waiting_seconds",
    "How long the oldest row that is due, and the oldest mail not sent, have waited",
    label="what",
)
def _oldest() -> dict[str, float]:
    found = _once()
    return {"outbox": found.outbox.oldest_due_seconds or 0, "mail": found.mails.oldest_unsent_seconds or 0}


@gauge("workers", "Workers that gave a sign of life in the last 75 seconds")
def _workers() -> Reading:
    return {} if _once().broker_fault else len(_once().workers)
