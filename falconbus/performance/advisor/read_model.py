"""Advice as pages, JSON and the command line show it. Times in milliseconds, sizes in bytes."""

from datetime import datetime
from typing import Any

import msgspec

from falconbus.performance.advisor.models import AdviceState


class AdviceOut(msgspec.Struct, frozen=True, kw_only=True):
    """An index that was proven to help a statement.

    `before_ms` and `after_ms` are medians on the copy, which held `sample_rows` rows, `sample_share` of the table.
    `mean_ms` and `calls_per_hour` are what the recorder saw when it was proven, `predicted_ms` the mean that is to be
    expected, `saving_ms_per_hour` the difference over an hour; None where nothing was recorded. `measured_...` are the
    statement's means in the day before and after the index was there; None until it is and calls were recorded.
    `together_with` names the index without which this one was not proven. Plans are without values.
    """

    id: int
    fingerprint: str
    statement: str | None
    state: AdviceState
    table: str
    keys: list[str]
    index_name: str
    definition: str
    migration: str
    together_with: str | None
    before_ms: float
    after_ms: float
    factor: float
    sample_rows: int
    sample_share: float
    index_bytes: int
    mean_ms: float | None
    predicted_ms: float | None
    calls_per_hour: float | None
    saving_ms_per_hour: float | None
    plan_before: dict[str, Any]
    plan_after: dict[str, Any]
    found_at: datetime
    proven_at: datetime
    applied_at: datetime | None
    measured_before_ms: float | None
    measured_after_ms: float | None
    measured_calls: int


class CheckOut(msgspec.Struct, frozen=True):
    """The outcome of a statement's check: how many indexes help, or why none does."""

    fingerprint: str
    checked_at: datetime
    proven: int
    reason: str | None
