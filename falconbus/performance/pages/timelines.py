"""A captured request's steps as bars on one time axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from falconbus.performance.dashboard.figures import SampleOut, StepOut

#: The axis is so many units wide; a step is never so narrow that it cannot be seen.
_WIDTH, _THINNEST = 1000, 4


@dataclass(frozen=True, slots=True)
class Bar:
    step: StepOut
    x: float
    width: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """One request; times in milliseconds."""

    at: datetime
    ms: float
    status: int
    request_id: str
    release: str
    statements: int
    statement_ms: float
    cache_calls: int
    cache_ms: float
    bars: list[Bar]


def timelines(samples: Sequence[SampleOut]) -> list[Timeline]:
    """The requests in the order given."""
    return [_timeline(sample) for sample in samples]


def _timeline(sample: SampleOut) -> Timeline:
    statements = [step.ms for step in sample.steps if step.kind == "statement"]
    cached = [step.ms for step in sample.steps if step.kind != "statement"]
    return Timeline(
        at=sample.at,
        ms=sample.ms,
        status=sample.status,
        request_id=sample.request_id,
        release=sample.release,
        statements=len(statements),
        statement_ms=sum(statements),
        cache_calls=len(cached),
        cache_ms=sum(cached),
        bars=[_bar(step, sample.ms) for step in sample.steps],
    )


def _bar(step: StepOut, whole: float) -> Bar:
    unit = _WIDTH / whole if whole else 0
    width = min(max(step.ms * unit, _THINNEST), _WIDTH)
    return Bar(step, round(min(step.at_ms * unit, _WIDTH - width), 1), round(width, 1))
