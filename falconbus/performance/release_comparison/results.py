"""The values of a comparison, which the database and the API share."""

from datetime import datetime
from enum import StrEnum

import msgspec

from falconbus.platform.telemetry.histogram import Buckets


class Verdict(StrEnum):
    """What became of an endpoint's durations."""

    SLOWER = "slower"
    QUICKER = "quicker"
    UNCHANGED = "unchanged"
    TOO_LITTLE_DATA = "too_little_data"


class Direction(StrEnum):
    """What became of one measure; only what is both sure and large enough to matter is higher or lower."""

    HIGHER = "higher"
    LOWER = "lower"
    UNCHANGED = "unchanged"
    TOO_LITTLE_DATA = "too_little_data"


class Side(msgspec.Struct, frozen=True, rename={"begin": "from", "end": "to"}):
    """One side of a comparison: a release by its name, or everything from `begin` (inclusive) to `end`."""

    release: str | None = None
    begin: datetime | None = None
    end: datetime | None = None


class Stretch(msgspec.Struct, frozen=True, rename={"begin": "from", "end": "to"}):
    """What was read for a side: from (inclusive), to, how many rows of how many seconds had requests.

    `block_seconds` long stretches are what was drawn to see how sure a figure is.
    """

    begin: datetime
    end: datetime
    seconds: int
    rows: int
    block_seconds: int


class Slice(msgspec.Struct):
    """One endpoint in one block of minutes: durations, server errors and statements of `count` requests."""

    start: int
    count: int
    buckets: Buckets
    errors: int = 0
    queries: int = 0


class Change(msgspec.Struct):
    """One measure of one endpoint, before and after; None where there is nothing to tell it from.

    `change` has a 95 % confidence interval from `low` to `high`, for this measure alone. It is relative for durations
    (0.3: 30 % more), a difference of shares for errors, a number of statements for queries. `direction` is corrected
    for how many measures of how many endpoints were looked at.
    """

    direction: Direction
    before: float | None = None
    after: float | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None


class EndpointVerdict(msgspec.Struct):
    """An endpoint's verdict, from its durations; p50 and p95 in microseconds, errors as a share, queries a request."""

    endpoint: str
    verdict: Verdict
    requests_before: int
    requests_after: int
    p50: Change
    p95: Change
    errors: Change
    queries: Change


class Result(msgspec.Struct):
    """What a comparison found: endpoints that changed first. `notes` say what to keep in mind."""

    endpoints: list[EndpointVerdict]
    before: Stretch | None = None
    after: Stretch | None = None
    notes: list[str] = []
