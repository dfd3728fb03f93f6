"""Schemas of comparisons in the API."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from pydantic import AwareDatetime, Field, StringConstraints

from falconbus.performance.release_comparison.models import Comparison, ComparisonState
from falconbus.performance.release_comparison.results import Result, Side
from falconbus.platform.kit.schema import Body, OneLine

# PostgreSQL's and Python's calendars end at different places; everything that was ever measured lies well between.
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
Instant = Annotated[AwareDatetime, Field(ge=_EARLIEST, le=_LATEST)]
ReleaseName = Annotated[OneLine, StringConstraints(max_length=64)]


class SideIn(Body):
    """A release by its name, or a stretch of time by `from` and `to`; never both."""

    release: ReleaseName | None = None
    begin: Annotated[Instant | None, Field(alias="from")] = None
    end: Annotated[Instant | None, Field(alias="to")] = None

    def side(self) -> Side:
        return Side(self.release, self.begin, self.end)


class ComparisonRequest(Body):
    """What to compare: `baseline` is before, `candidate` after."""

    baseline: SideIn
    candidate: SideIn


class ComparisonAccepted(msgspec.Struct):
    """A comparison that a worker will make."""

    id: int
    state: ComparisonState


class ComparisonItem(msgspec.Struct):
    """A comparison in a list; `verdicts` counts endpoints by verdict, empty until it is done."""

    id: int
    state: ComparisonState
    baseline: Side
    candidate: Side
    requested_at: datetime
    finished_at: datetime | None
    verdicts: dict[str, int]

    @classmethod
    def of(cls, row: Any) -> "ComparisonItem":
        """Return the item of a row of queries.comparisons()."""
        return cls(
            id=row.id,
            state=row.state,
            baseline=Side(row.baseline_release, row.baseline_from, row.baseline_to),
            candidate=Side(row.candidate_release, row.candidate_from, row.candidate_to),
            requested_at=row.requested_at,
            finished_at=row.finished_at,
            verdicts=row.verdicts,
        )


class ComparisonOut(msgspec.Struct):
    """A comparison with what it found; `result` when it is done, `fault` when it failed."""

    id: int
    state: ComparisonState
    baseline: Side
    candidate: Side
    requested_at: datetime
    finished_at: datetime | None
    verdicts: dict[str, int]
    result: Result | None
    fault: str | None

    @classmethod
    def of(cls, comparison: Comparison) -> "ComparisonOut":
        return cls(
            id=comparison.id,
            state=ComparisonState(comparison.state),
            baseline=comparison.baseline,
            candidate=comparison.candidate,
            requested_at=comparison.requested_at,
            finished_at=comparison.finished_at,
            verdicts=comparison.verdicts,
            result=comparison.outcome,
            fault=comparison.fault,
        )
