"""The outbox: a job is a row in the caller's transaction, and is sent to Celery after the commit."""

import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
    CRITICAL = "critical"
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

LEASE = timedelta(seconds=60)
ATTEMPTS = 12


class OutboxRow(Model):
    """A job to run; `done_at` is set in the transaction that records its effect."""

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
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PeriodicRun(Model):
    """The claim of one time slot of a periodic job, so that a second beat finds it taken."""

    __tablename__ = "periodic_runs"

    job: Mapped[str] = mapped_column(String(64), primary_key=True)
    slot: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)


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


# A job that crashes its worker cannot record its failure: its attempts do.
_GIVE_UP = text("""
    UPDATE outbox SET failed_at = :now, last_error = coalesce(last_error, 'its worker never came back')
    WHERE done_at IS NULL AND failed_at IS NULL AND run_after <= :now AND attempts >= :attempts
""")
_CLAIM = text("""
    UPDATE outbox SET run_after = :leased_until, attempts = attempts + 1
    WHERE id IN (
        SELECT id FROM outbox
        WHERE done_at IS NULL AND failed_at IS NULL AND run_after <= :now
        ORDER BY run_after LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING id, job, arguments, request_id, attempts
""")


def relay(limit: int = 100) -> int:
    """Send due rows to their tasks under a lease, and return how many; those not done when it ends are sent again."""
    now = clock.now()
    db.session.execute(_GIVE_UP, {"now": now, "attempts": ATTEMPTS})
    rows = db.session.execute(_CLAIM, {"now": now, "leased_until": now + LEASE, "limit": limit}).all()
    transactions.commit()
    for row in rows:
        job = _known.get(row.job)
        if job is None:
            # Of another release: its attempts run out unless that one comes back. The others must not wait for it.
            log.error("job %s (outbox %s) is none of this release", row.job, row.id)
            continue
        celery.send_task(
            job.name,
            kwargs={"outbox_id": row.id, **row.arguments},
            queue=job.queue,
            headers={"request_id": row.request_id},
        )
    return len(rows)


def extend_lease(outbox_id: int, lease: timedelta) -> None:
    """Extend the lease of a long job, so that it is not sent twice; takes effect with the caller's commit."""
    row = update(OutboxRow).where(OutboxRow.id == outbox_id)
    db.session.execute(row.values(run_after=clock.now() + lease))


def done(outbox_id: int) -> None:
    """Mark a row as done, in the transaction that records its effect."""
    row = update(OutboxRow).where(OutboxRow.id == outbox_id)
    db.session.execute(row.values(done_at=clock.now(), last_error=None))


def failed(outbox_id: int, error: str, *, retry: bool) -> None:
    """Record a failure: retry after 2, 4, 8 ... 600 seconds, or give up."""
    row = db.session.get_one(OutboxRow, outbox_id)
    now = clock.now()
    row.last_error = error[:500]
    if retry and row.attempts < ATTEMPTS:
        row.run_after = now + timedelta(seconds=min(2**row.attempts, 600))
    else:
        row.failed_at = now
        log.error("job %s (outbox %s) is given up after %s attempts: %s", row.job, row.id, row.attempts, error)


def unfinished(job: Job, argument: str) -> AnySelect:
    """Select an argument (an id) of every row of a job that is still to be done."""
    value = sql_cast(OutboxRow.arguments[argument].astext, BigInteger)
    return select(value).where(OutboxRow.job == job.name, OutboxRow.done_at.is_(None), OutboxRow.failed_at.is_(None))


def forget_failed(job: Job, argument: str, values: Sequence[int]) -> None:
    """Delete the rows of a job that were given up and bear one of these values (ids): somebody has seen to them."""
    failed_rows = delete(OutboxRow).where(OutboxRow.job == job.name, OutboxRow.failed_at.is_not(None))
    db.session.execute(failed_rows.where(OutboxRow.arguments[argument].astext.in_([str(value) for value in values])))


def take_slot(job: str, every: timedelta) -> bool:
    """Take the present slot of a periodic job; return False when it is taken. Rolled back with the job's own work."""
    seconds = every.total_seconds()
    slot = datetime.fromtimestamp(clock.now().timestamp() // seconds * seconds, UTC)
    taken = db.session.execute(_TAKE_SLOT, {"job": job, "slot": slot})
    return taken.rowcount == 1  # type: ignore[attr-defined,no-any-return]


_TAKE_SLOT = text("INSERT INTO periodic_runs (job, slot) VALUES (:job, :slot) ON CONFLICT DO NOTHING")


def trim(older_than: timedelta = timedelta(days=7)) -> None:
    """Delete rows that were done long ago; failed ones stay until somebody looks."""
    before = {"before": clock.now() - older_than}
    db.session.execute(text("DELETE FROM outbox WHERE done_at < :before"), before)
    db.session.execute(text("DELETE FROM periodic_runs WHERE slot < :before"), before)
