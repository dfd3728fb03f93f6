"""The table of comparisons."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import CheckConstraint, DateTime, Index, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.performance.release_comparison.results import Result, Side
from falconbus.platform.database.engine import Model
from falconbus.platform.kit import clock

#: A release, or a stretch of time with both its ends.
_ONE_OF_BOTH = "num_nonnulls({0}_from, {0}_to) = CASE WHEN {0}_release IS NULL THEN 2 ELSE 0 END"


class ComparisonState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Comparison(Model):
    """Two sides, each a release or a stretch of time; `result` is a results.Result, `verdicts` counts its endpoints."""

    __tablename__ = "performance_comparisons"
    __table_args__ = (
        CheckConstraint("state IN ('queued','running','done','failed')", name="state"),
        CheckConstraint(_ONE_OF_BOTH.format("baseline"), name="baseline"),
        CheckConstraint(_ONE_OF_BOTH.format("candidate"), name="candidate"),
        CheckConstraint("baseline_to > baseline_from", name="baseline_order"),
        CheckConstraint("candidate_to > candidate_from", name="candidate_order"),
        Index("ix_performance_comparisons_candidate_release", "candidate_release", "baseline_release"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    baseline_release: Mapped[str | None] = mapped_column(String(64))
    baseline_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    baseline_to: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    candidate_release: Mapped[str | None] = mapped_column(String(64))
    candidate_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    candidate_to: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    verdicts: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), deferred=True)
    fault: Mapped[str | None] = mapped_column(Text)

    @property
    def baseline(self) -> Side:
        return Side(self.baseline_release, self.baseline_from, self.baseline_to)

    @property
    def candidate(self) -> Side:
        return Side(self.candidate_release, self.candidate_from, self.candidate_to)

    @property
    def outcome(self) -> Result | None:
        return None if self.result is None else msgspec.convert(self.result, Result)

    def finish(self, result: Result) -> None:
        """Store the result; ValueError when the comparison has ended before."""
        self._end(ComparisonState.DONE)
        self.result = msgspec.to_builtins(result)
        counts: dict[str, int] = {}
        for each in result.endpoints:
            counts[each.verdict] = counts.get(each.verdict, 0) + 1
        self.verdicts = counts

    def fail(self, fault: str) -> None:
        """Store why there is no result; ValueError when the comparison has ended before."""
        self._end(ComparisonState.FAILED)
        self.fault = fault

    def _end(self, state: ComparisonState) -> None:
        if self.finished_at is not None:
            raise ValueError(f"comparison {self.id} has ended before")
        self.state = state
        self.finished_at = clock.now()
