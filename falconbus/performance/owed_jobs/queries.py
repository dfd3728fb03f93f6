"""Reads of the jobs that are owed."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from falconbus.platform import jobs
from falconbus.platform.database.engine import AnySelect
from falconbus.platform.jobs import OutboxRow, Queue

#: A job should be done within this time; those of `bulk`, such as imports, take their time unless they fail.
LATE_AFTER = timedelta(minutes=5)


class JobState(StrEnum):
    FAILED = "failed"
    LATE = "late"
    RUNNING = "running"
    WAITING = "waiting"


def owed(state: JobState | None, now: datetime) -> AnySelect:
    """Select the jobs that are not done, those of one state or all."""
    states = case(
        (OutboxRow.failed_at.is_not(None), JobState.FAILED.value),
        (is_late(now), JobState.LATE.value),
        (OutboxRow.begun_at.is_not(None), JobState.RUNNING.value),
        else_=JobState.WAITING.value,
    )
    statement: AnySelect = select(
        OutboxRow.id.label("key"),
        OutboxRow.job,
        OutboxRow.arguments,
        states.label("state"),
        OutboxRow.attempts,
        OutboxRow.last_error,
        OutboxRow.request_id,
        OutboxRow.created_at,
        OutboxRow.run_after,
    ).where(OutboxRow.done_at.is_(None))
    return statement if state is None else statement.where(_of_state(state, states))


def any_late(now: datetime) -> AnySelect:
    """Select whether a job is late."""
    return select(exists().where(is_late(now)))


def numbers(now: datetime) -> AnySelect:
    """Select how many jobs are due, late and failed, and since when the oldest is due."""
    is_due = and_(OutboxRow.failed_at.is_(None), OutboxRow.run_after <= now)
    return select(
        func.count().filter(is_due).label("due"),
        func.count().filter(is_late(now)).label("late"),
        func.count().filter(OutboxRow.failed_at.is_not(None)).label("failed"),
        func.min(OutboxRow.run_after).filter(is_due).label("oldest"),
    ).where(OutboxRow.done_at.is_(None))


def is_late(now: datetime) -> ColumnElement[bool]:
    """Match jobs that should have been done: not begun, or without success, long after they were enqueued."""
    limit = now - LATE_AFTER
    bulk = [job.name for job in jobs.registered() if job.queue is Queue.BULK]
    return and_(
        OutboxRow.done_at.is_(None),
        OutboxRow.failed_at.is_(None),
        OutboxRow.created_at <= limit,
        or_(
            OutboxRow.last_error.is_not(None),
            and_(OutboxRow.job.not_in(bulk), OutboxRow.run_after <= limit),
            and_(OutboxRow.job.not_in(bulk), OutboxRow.begun_at.is_(None), OutboxRow.handed_over_at <= limit),
        ),
    )


def _of_state(state: JobState, states: Any) -> ColumnElement[bool]:
    """Match a state; those that failed have an index of their own."""
    return (
        OutboxRow.failed_at.is_not(None)
        if state is JobState.FAILED
        else and_(OutboxRow.failed_at.is_(None), states == state.value)
    )
