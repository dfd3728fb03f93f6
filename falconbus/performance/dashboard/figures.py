"""The figures of the dashboard. Durations are in milliseconds, shares between 0 and 1, None is "nothing to tell"."""

from datetime import datetime
from typing import Any

import msgspec

from falconbus.performance.dashboard.fault_figures import FaultOut, LimitOut


class PeriodOut(msgspec.Struct, rename={"begin": "from", "end": "to"}):
    """What was asked for, widened to whole rows of `resolution_seconds`; `seconds` is how much of it is over."""

    begin: datetime
    end: datetime
    last: str | None
    resolution_seconds: int
    slot_seconds: int
    slots: int
    seconds: float


class RecorderOut(msgspec.Struct):
    """What the measuring itself took: CPU of flushing, and requests or series it had no room for."""

    flush_ms: float
    microseconds_per_request: float | None
    dropped: int
    bytes: int


class TotalsOut(msgspec.Struct):
    """All endpoints together; `errors` are answers 5xx, `refusals` 4xx, `limited` what rate limits refused."""

    requests: int
    per_second: float
    errors: int
    error_share: float | None
    refusals: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    mean_ms: float | None
    queries_per_request: float | None
    sql_share: float | None
    cache_hit_share: float | None
    over_budget: int
    repeated: int
    limited: int
    recorder: RecorderOut


class SeriesOut(msgspec.Struct):
    """Figures by slot, oldest first; all lists are as long as `at`, the slots' begins."""

    at: list[datetime]
    requests: list[int]
    per_second: list[float]
    errors: list[int]
    refusals: list[int]
    p50_ms: list[float | None]
    p95_ms: list[float | None]
    p99_ms: list[float | None]


class EndpointOut(msgspec.Struct):
    """Requests by method and route rule; `key` is both: "GET /api/v1/schedules".

    `budget` is how many statements the view may send, `over_budget` how many requests sent more, `repeated_per_request`
    statements that came again from the same line. `time_share` is the endpoint's part of all time spent on requests.
    `requests_by_slot` and `p95_by_slot` (ms) are for sparklines.
    """

    key: str
    method: str
    rule: str
    requests: int
    errors: int
    refusals: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    mean_ms: float | None
    time_share: float | None
    queries_per_request: float | None
    budget: int | None
    over_budget: int
    repeated_per_request: float | None
    sql_share: float | None
    cache_hit_share: float | None
    requests_by_slot: list[int]
    p95_by_slot: list[float | None]


class PlanOut(msgspec.Struct):
    """What to know of a plan; `sequential_scans` are the tables of 1,000 rows or more that are read from end to end."""

    sequential_scans: list[str]
    indexes: list[str]
    cost: float | None


class StatementOut(msgspec.Struct):
    """A statement without its values; `repeated` is how often it was sent again in a request.

    `owners` are the endpoints and tasks that sent it; `time_share` is of all time in the database."""

    fingerprint: str
    text: str
    owners: list[str]
    origins: list[str]
    calls: int
    mean_ms: float
    p95_ms: float | None
    total_ms: float
    ms_per_hour: float
    time_share: float | None
    repeated: int
    plan: PlanOut | None


class RemedyOut(msgspec.Struct):
    """What to do, in a sentence; and the code to write, where it is known ("selectinload(Booking.journeys)")."""

    advice: str
    code: str | None


class RepeatedOut(msgspec.Struct):
    """An N+1: a statement sent `per_request` times by one line in each of `requests` requests of `owner`.

    `chain` are the lines that lead to it, innermost (`origin`) first; `ms_per_hour` is what all but one of them take.
    """

    fingerprint: str
    text: str
    owner: str
    origin: str
    chain: list[str]
    per_request: float
    requests: int
    ms_per_hour: float
    remedy: RemedyOut


class CacheOut(msgspec.Struct):
    """Look-ups of a cache group; stale answers are hits that were refreshed behind, errors found Redis away."""

    group: str
    hits: int
    misses: int
    stale: int
    errors: int
    hit_share: float | None
    p95_ms: float | None


class TaskOut(msgspec.Struct):
    """Runs of a Celery task."""

    name: str
    runs: int
    failed: int
    retried: int
    p50_ms: float | None
    p95_ms: float | None
    queries_per_run: float | None
    repeated: int


class QueueOut(msgspec.Struct):
    """How long messages lay in a queue before a worker took them."""

    name: str
    messages: int
    p50_ms: float | None
    p95_ms: float | None


class ReleaseOut(msgspec.Struct):
    """Code that was running in the period."""

    name: str
    first_seen: datetime
    last_seen: datetime


class DashboardOut(msgspec.Struct):
    """Everything at a glance. Not complete: Redis was away, and the newest minutes are missing."""

    period: PeriodOut
    totals: TotalsOut
    series: SeriesOut
    endpoints: list[EndpointOut]
    statements: list[StatementOut]
    repeated: list[RepeatedOut]
    caches: list[CacheOut]
    limits: list[LimitOut]
    faults: list[FaultOut]
    tasks: list[TaskOut]
    queues: list[QueueOut]
    releases: list[ReleaseOut]
    generated_at: datetime
    is_complete: bool


class BandOut(msgspec.Struct):
    """Durations from `low_ms` (inclusive) to `high_ms`; the last band has no upper end."""

    low_ms: float
    high_ms: float | None


class HeatOut(msgspec.Struct):
    """Requests by slot and band: `counts[slot][band]`; `totals[band]` over all slots. Both by the quickest first."""

    bands: list[BandOut]
    counts: list[list[int]]
    totals: list[int]


class StepOut(msgspec.Struct):
    """A statement or cache call of a sample, `at_ms` after its begin. `kind`: "statement" or "cache".

    `name` is the statement's fingerprint or the cache group with its outcome; `text` the statement without values.
    """

    kind: str
    name: str
    text: str
    origin: str
    at_ms: float
    ms: float


class SampleOut(msgspec.Struct):
    """One slow request that was captured."""

    at: datetime
    ms: float
    status: int
    request_id: str
    release: str
    steps: list[StepOut]


class EndpointDetailOut(msgspec.Struct):
    """One endpoint. One without data in the period has `requests: 0`; `time_share` is told on the overview only."""

    period: PeriodOut
    endpoint: EndpointOut
    series: SeriesOut
    heat: HeatOut
    statements: list[StatementOut]
    repeated: list[RepeatedOut]
    samples: list[SampleOut]
    generated_at: datetime
    is_complete: bool


class OwnerOut(msgspec.Struct):
    """An endpoint or task that sent the statement, and the line it was sent from."""

    owner: str
    origin: str
    calls: int
    total_ms: float
    repeated: int


class StatementSeriesOut(msgspec.Struct):
    """A statement by slot, oldest first."""

    at: list[datetime]
    calls: list[int]
    total_ms: list[float]
    p50_ms: list[float | None]
    p95_ms: list[float | None]


class StatementDetailOut(msgspec.Struct):
    """One statement. `plan` is PostgreSQL's generic plan as its JSON, `plan_fault` why there is none.

    `statement.time_share` is told on the overview only; `remedy` only when it was repeated.
    """

    period: PeriodOut
    statement: StatementOut
    chain: list[str]
    types: list[str]
    owners: list[OwnerOut]
    series: StatementSeriesOut
    remedy: RemedyOut | None
    plan: dict[str, Any] | None
    plan_fault: str | None
    planned_at: datetime | None
    first_seen: datetime | None
    generated_at: datetime
    is_complete: bool
