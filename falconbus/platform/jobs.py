"""The outbox: a job is a row in the caller's transaction, which the relay hands over to Celery after the commit."""

import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from celery import Celery
from kombu.entity import Queue as KombuQueue
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database import transactions
from falconbus.platform.database.engine import AnySelect, Model, db
from falconbus.platform.kit import clock, context

log = logging.getLogger(__name__)


#: Publishes for the web; workers/ gives it its tasks.
celery = Celery("falconbus")


class Queue(StrEnum):
    #: The relay, expiry, reconciling: a worker of its own, and nothing here may wait for somebody outside for long.
    CRITICAL = "critical"
    MAIL = "mail"
    DEFAULT = "default"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Job:
    """A job; each feature has its own in a jobs.py, and workers/ registers a task for each."""

    #: The name of its task.
    name: str
    queue: Queue


#: Every job by its name.
_known: dict[str, Job] = {}


def register(jobs: Iterable[Job]) -> None:
    """Let the relay know these jobs; called for each feature when the app is made."""
    _known.update({job.name: job for job in jobs})


def registered() -> Collection[Job]:
    """Return every job that a feature has registered."""
    return _known.values()


RELAY_TASK = "jobs.relay"

# Seconds: longer than any task may take, after which the broker delivers a message a second time.
VISIBILITY_TIMEOUT = 3600 + 600

#: How long a task may be at work on a row, and a message out of sight, before the relay looks after the row.
LEASE = timedelta(seconds=60)
#: The longest wait before a job that failed is tried again.
LONGEST_DELAY = timedelta(minutes=15)


class OutboxRow(Model):
    """A job to run: waiting, then handed over to the broker, begun by a task, and done with its effect.

    `run_after` is when the relay looks at it next: hands it over, sees whether the broker still has its message, or
    whether the task that has begun ever came back. Time alone never closes it: `failed_at` says that somebody refused
    it for good, and waits for a person.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts"),
        Index("ix_outbox_due", "run_after", postgresql_where=text("done_at IS NULL AND failed_at IS NULL")),
        Index("ix_outbox_failed", "failed_at", postgresql_where=text("failed_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    job: Mapped[str] = mapped_column(String(64))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSONB)
    request_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    run_after: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    handed_over_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    begun_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: How often a task began it.
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


# The table, not the entity: the ORM would look for entities to refresh.
_insert = insert(cast(Table, OutboxRow.__table__))


def enqueue(job: Job, *, delay: timedelta = timedelta(0), **arguments: int | str) -> None:
    """Have a worker run `job` after this transaction commits, at least once; arguments are ids."""
    enqueue_all(job, [arguments], delay=delay)


def enqueue_all(job: Job, each: Sequence[Mapping[str, int | str]], *, delay: timedelta = timedelta(0)) -> None:
    """Enqueue any number of runs of one job, by their arguments, in one statement."""
    if not each:
        return
    now = clock.now()
    row = {"job": job.name, "request_id": context.request_id.get(), "created_at": now, "run_after": now + delay}
    db.session.execute(_insert, [{**row, "attempts": 0, "arguments": arguments} for arguments in each])
    if not delay:
        transactions.on_commit("wake the relay", _relay_waker.wake)


def broker_settings(redis_url: str) -> dict[str, Any]:
    """Return Celery's settings for the web: publish quickly or not at all.

    kombu's defaults hang for a minute on a frozen Redis.
    """
    return {
        "broker_url": redis_url,
        "broker_connection_timeout": 1,
        "broker_transport_options": {
            "visibility_timeout": VISIBILITY_TIMEOUT,
            "socket_timeout": 1,
            "socket_connect_timeout": 1,
            "max_retries": 1,
        },
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_create_missing_queues": False,
        "task_queues": [KombuQueue(queue) for queue in Queue],
        "task_default_queue": Queue.DEFAULT,
    }


class RelayWaker:
    """Wakes the relay after a commit. A broker that is away costs one short wait, then none for a while."""

    pause = timedelta(seconds=5)

    def __init__(self, producer: Celery) -> None:
        self._producer = producer
        self._silent_until = 0.0

    def wake(self) -> None:
        if time.monotonic() < self._silent_until:
            return
        try:
            self._producer.send_task(RELAY_TASK, queue=Queue.CRITICAL, retry=False)
        except Exception as fault:  # noqa: BLE001  whatever the broker's trouble is, the row stands
            self._silent_until = time.monotonic() + self.pause.total_seconds()
            log.warning("the broker is away (%s); beat's relay will find the outbox row", type(fault).__name__)


_relay_waker = RelayWaker(celery)


# A job that crashes its worker cannot record its failure, so its lease grows with its attempts, as delays do.
_BEGIN = text("""
    UPDATE outbox SET begun_at = :now, attempts = attempts + 1,
           run_after = :now + greatest(:lease, least(make_interval(secs => 2 ^ least(attempts + 1, 20)), :longest))
    WHERE id = :id AND done_at IS NULL AND failed_at IS NULL AND (begun_at IS NULL OR run_after <= :now)
""")
_TRY_AGAIN = text("""
    UPDATE outbox SET failed_at = NULL, handed_over_at = NULL, begun_at = NULL, run_after = :now
    WHERE id = ANY (:ids) AND done_at IS NULL AND (failed_at IS NOT NULL OR begun_at IS NULL OR run_after <= :now)
    RETURNING id
""")


def begin(outbox_id: int) -> bool:
    """Take a row for a task, under a lease; return False when it is done, given up, or another task is at it.

    So a message that comes twice does no harm.
    """
    values = {"id": outbox_id, "now": clock.now(), "lease": LEASE, "longest": LONGEST_DELAY}
    return db.session.execute(_BEGIN, values).rowcount == 1  # type: ignore[attr-defined,no-any-return]


def extend_lease(outbox_id: int, lease: timedelta) -> None:
    """Extend the lease of a long job, so that it is not sent twice; takes effect with the caller's commit."""
    row = update(OutboxRow).where(OutboxRow.id == outbox_id)
    db.session.execute(row.values(run_after=clock.now() + lease))


def done(outbox_id: int) -> None:
    """Mark a row as done, in the transaction that records its effect."""
    row = update(OutboxRow).where(OutboxRow.id == outbox_id)
    db.session.execute(row.values(done_at=clock.now(), last_error=None))


def failed(outbox_id: int, error: str, *, retry: bool) -> None:
    """Record a failure: retry after 2, 4, 8 ... seconds and at last every 15 minutes, or leave it to a person."""
    row = db.session.get_one(OutboxRow, outbox_id)
    now = clock.now()
    row.last_error = error[:500]
    row.handed_over_at = row.begun_at = None
    if retry:
        row.run_after = now + min(timedelta(seconds=2 ** min(row.attempts, 20)), LONGEST_DELAY)
    else:
        row.failed_at = now
        log.error("job %s (outbox %s) is refused for good: %s", row.job, row.id, error)


def try_again(outbox_ids: Collection[int]) -> list[int]:
    """Have jobs that failed or wait run now; return which, for those done or being worked at are left."""
    ids = list(db.session.scalars(_TRY_AGAIN, {"ids": list(outbox_ids), "now": clock.now()}))
    if ids:
        transactions.on_commit("wake the relay", _relay_waker.wake)
    return ids


def unfinished(job: Job, argument: str) -> AnySelect:
    """Select an argument (an id) of every row of a job that is still to be done."""
    value = sql_cast(OutboxRow.arguments[argument].astext, BigInteger)
    return select(value).where(OutboxRow.job == job.name, OutboxRow.done_at.is_(None), OutboxRow.failed_at.is_(None))


def forget_failed(job: Job, argument: str, values: Sequence[int]) -> None:
    """Delete the rows of a job that were refused and bear one of these values (ids): somebody has seen to them."""
    failed_rows = delete(OutboxRow).where(OutboxRow.job == job.name, OutboxRow.failed_at.is_not(None))
    db.session.execute(failed_rows.where(OutboxRow.arguments[argument].astext.in_([str(value) for value in values])))


def trim(older_than: timedelta = timedelta(days=7)) -> None:
    """Delete rows that were done long ago; failed ones stay until somebody looks."""
    db.session.execute(text("DELETE FROM outbox WHERE done_at < :before"), {"before": clock.now() - older_than})
