"""The counts of one process in one minute, as they go to Redis: additive, so processes and minutes can be merged."""

from collections.abc import Iterable, Mapping

import msgspec

from falconbus.platform.telemetry import histogram
from falconbus.platform.telemetry.histogram import Buckets

#: The key of a series: its kind, then its names:
#:   ("endpoint", "GET /api/v1/schedules")                  a request by method and route rule
#:   ("statement", <owner>, <fingerprint>, <origin>)        <owner>: the endpoint or task that sent it
#:   ("cache", <group>)                                     look-ups of a cache group
#:   ("limit", <name>)                                      a rate limit
#:   ("task", <name>)                                       runs of a Celery task
#:   ("fault", "409", "seat_taken", <owner>)                 requests refused or failed, by status and why
#:   ("queue", <name>)                                      how long messages lay in a queue
#:   ("recorder",)                                          the recorder itself
Key = tuple[str, ...]
ENDPOINT, STATEMENT, CACHE, LIMIT, TASK, FAULT, QUEUE, RECORDER = (
    "endpoint", "statement", "cache", "limit", "task", "fault", "queue", "recorder",
)  # fmt: skip
#: The sum of all endpoints. No process records it: the rollup adds it up for its readers.
REQUESTS: Key = ("requests",)


class Series(msgspec.Struct, array_like=True):
    """Durations (microseconds) and counters of one key.

    Counters by kind: endpoint `2xx` `3xx` `4xx` `5xx` (answers by class), `queries` (statements), `sql_us`, `cache_hit`
    `cache_miss` `cache_stale`, `over_budget` (requests above their query budget), `repeated` (statements that were sent
    again from the same line); statement `repeated` (sent again within one request), `repeated_in` (such requests);
    cache `hit` `miss` `stale` `error`; limit `refused`; task `ok` `failed` `retried`, and `queries` `sql_us` `repeated`
    as for endpoints; recorder `dropped` (requests that were not recorded), `flush_us`, `bytes`.
    """

    count: int = 0
    total_us: int = 0
    buckets: Buckets = msgspec.field(default_factory=dict)
    counters: dict[str, int] = msgspec.field(default_factory=dict)

    def merge(self, other: "Series") -> None:
        """Add the counts of another process, or of another minute."""
        self.count += other.count
        self.total_us += other.total_us
        histogram.add(self.buckets, other.buckets)
        for name, number in other.counters.items():
            self.counters[name] = self.counters.get(name, 0) + number


class Step(msgspec.Struct, array_like=True):
    """A statement or a cache look-up within a request; times in microseconds, `at_us` from the request's begin."""

    kind: str
    name: str
    origin: str
    at_us: int
    took_us: int


class Sample(msgspec.Struct, array_like=True):
    """One slow request: when, how long, and its steps. `name` of a statement's step is its fingerprint."""

    owner: str
    at: float
    took_us: int
    status: int
    request_id: str
    steps: list[Step]


class Failure(msgspec.Struct, array_like=True):
    """One request that was refused or failed: when, how long it took, and the id that its log lines bear."""

    at: float
    took_us: int
    request_id: str


class Statement(msgspec.Struct, array_like=True):
    """A statement without its values. `types` are PostgreSQL's names for $1, $2 ..., empty where unknown.

    `chain` holds the lines of our code that led to it, innermost first: "falconbus/search/queries.py:131 departures".
    """

    text: str
    types: list[str]
    chain: list[str]


class Minute(msgspec.Struct):
    """One process's minute. `release` is the code that ran; `statements` are by fingerprint.

    `failures` are the newest few requests of each FAULT key.
    """

    release: str
    series: dict[Key, Series] = msgspec.field(default_factory=dict)
    samples: list[Sample] = msgspec.field(default_factory=list)
    statements: dict[str, Statement] = msgspec.field(default_factory=dict)
    failures: dict[Key, list[Failure]] = msgspec.field(default_factory=dict)

    def merge(self, other: "Minute") -> None:
        """Add the counts of another process."""
        for key, series in other.series.items():
            self.series.setdefault(key, Series()).merge(series)
        self.samples += other.samples
        self.statements |= other.statements
        for key, failures in other.failures.items():
            self.failures.setdefault(key, []).extend(failures)


def all_requests(series: Mapping[Key, Series]) -> Series:
    """Return the sum of all endpoints among these series, which is the series REQUESTS."""
    whole = Series()
    for key, one_series in series.items():
        if key[0] == ENDPOINT:
            whole.merge(one_series)
    return whole


def merged(minutes: Iterable[Minute]) -> dict[str, Minute]:
    """Return the minutes merged by release."""
    by_release: dict[str, Minute] = {}
    for minute in minutes:
        by_release.setdefault(minute.release, Minute(minute.release)).merge(minute)
    return by_release
