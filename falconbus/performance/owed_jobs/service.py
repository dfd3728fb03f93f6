"""Use cases of owed jobs: see them, have them tried again."""

from collections.abc import Collection

from sqlalchemy import select

from falconbus.performance.owed_jobs import queries
from falconbus.performance.owed_jobs.errors import JobNotFound, JobRunning
from falconbus.performance.owed_jobs.queries import JobState
from falconbus.platform import jobs
from falconbus.platform.database.engine import AnyRow, AnySelect, db
from falconbus.platform.jobs import OutboxRow
from falconbus.platform.kit import clock


def owed(state: str | None = None) -> AnySelect:
    """Select the jobs that are owed, those of one state or all."""
    return queries.owed(JobState(state) if state else None, clock.now())


def first_owed(states: Collection[str], limit: int) -> list[AnyRow]:
    """Return some owed jobs of these states, the oldest first, state by state."""
    found: list[AnyRow] = []
    for state in states:
        found += db.session.execute(owed(state).order_by(OutboxRow.id).limit(limit)).all()
    return found[:limit]


def any_late() -> bool:
    """Return whether a job should have been done by now."""
    return bool(db.session.scalar(queries.any_late(clock.now())))


def retry(job_id: int) -> None:
    """Have a job that failed or waits run now; JobNotFound, JobRunning."""
    if jobs.try_again([job_id]):
        return
    is_owed = select(OutboxRow.id).where(OutboxRow.id == job_id, OutboxRow.done_at.is_(None))
    if db.session.scalar(is_owed) is None:
        raise JobNotFound
    raise JobRunning


def retry_failed() -> int:
    """Have every job that was refused run again; their number."""
    failed = select(OutboxRow.id).where(OutboxRow.failed_at.is_not(None), OutboxRow.done_at.is_(None))
    return len(jobs.try_again(db.session.scalars(failed).all()))
