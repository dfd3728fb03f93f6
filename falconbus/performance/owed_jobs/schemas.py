"""Shapes of owed jobs."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from falconbus.platform.database.engine import AnyRow
from falconbus.platform.database.pagination import CursorQuery


class JobQuery(CursorQuery):
    """`state`: `failed` (refused for good, waits for a person), `late`, `running`, `waiting`."""

    state: Literal["failed", "late", "running", "waiting"] | None = None


class JobOut(msgspec.Struct):
    """A job that is owed; `attempts` is how often a worker began it, `next_at` when it is looked at next."""

    id: int
    job: str
    arguments: dict[str, Any]
    state: str
    attempts: int
    last_error: str | None
    request_id: str
    created_at: datetime
    next_at: datetime | None

    @classmethod
    def of(cls, row: AnyRow) -> "JobOut":
        return cls(
            id=row.key,
            job=row.job,
            arguments=row.arguments,
            state=row.state,
            attempts=row.attempts,
            last_error=row.last_error,
            request_id=row.request_id,
            created_at=row.created_at,
            next_at=None if row.state == "failed" else row.run_after,
        )
