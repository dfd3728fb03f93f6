"""Inserts the telemetry rows that a month of traffic would leave behind."""

import math
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import msgspec
import psycopg

from falconbus.platform.telemetry import histogram, minute_counts, packing, rollup_writer
from falconbus.platform.telemetry.histogram import Buckets
from falconbus.platform.telemetry.minute_counts import Series
from falconbus.platform.telemetry.models import KEPT, Resolution

DAYS = 30
ENDPOINTS = 100
STATEMENTS_EACH = 5
# The deviation of log durations: from the median to the 95th percentile it is a factor of 2.7.
_SIGMA = 0.6
_SAMPLED_UP_TO = 100
_COLUMNS = "resolution, kind, start, series_id, release_id, count, total_us, buckets, p95_bucket, counters"

Row = tuple[int, str, datetime, int, int, int, int, bytes, int | None, str]


class _Durations:
    """A lognormal distribution over the histogram's buckets, around a median in microseconds."""

    def __init__(self, median: float) -> None:
        middle = histogram.bucket_of(median)
        width = math.log(histogram.GROWTH) / _SIGMA
        self.buckets = range(max(middle - 60, 1), middle + 61)
        weights = [math.exp(-(((bucket - middle) * width) ** 2) / 2) for bucket in self.buckets]
        self.cumulative = [weight / sum(weights) for weight in accumulate(weights)]
        self.mean = median * math.exp(_SIGMA**2 / 2)

    def draw(self, count: int, rng: random.Random) -> Buckets:
        """Return a histogram of `count` values; large counts are distributed proportionally, not drawn."""
        histogram_buckets: Buckets = {}
        if count <= _SAMPLED_UP_TO:
            for bucket in rng.choices(self.buckets, cum_weights=self.cumulative, k=count):
                histogram_buckets[bucket] = histogram_buckets.get(bucket, 0) + 1
            return histogram_buckets
        before = 0
        for bucket, share in zip(self.buckets, self.cumulative, strict=True):
            after = round(count * share)
            if after > before:
                histogram_buckets[bucket] = after - before
            before = after
        return histogram_buckets


def fill(url: str, requests: int, now: datetime) -> int:
    """Fill an empty, migrated database with every resolution kept of the last 30 days; return the number of rows."""
    rng = random.Random(7)
    weights = [1 / (number + 5) for number in range(ENDPOINTS)]
    rates = [requests * weight / sum(weights) / (DAYS * 86400) for weight in weights]
    written = 0
    with psycopg.connect(url) as connection:
        _insert_names(connection, now)
        with connection.cursor().copy(f"COPY telemetry_rollups ({_COLUMNS}) FROM STDIN") as copy:
            for row in _rows(rates, rng, now):
                copy.write_row(row)
                written += 1
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE telemetry_rollups")
        connection.execute("ANALYZE telemetry_series")
    return written


def endpoint_name(number: int) -> str:
    return f"GET /api/v1/things/{number}"


def _insert_names(connection: psycopg.Connection, now: datetime) -> None:
    """Insert the series: 1 to 100 are endpoints, the next 500 their statements, then caches, recorder and total."""
    names = [["endpoint", endpoint_name(number)] for number in range(ENDPOINTS)]
    for number in range(ENDPOINTS * STATEMENTS_EACH):
        owner, line = endpoint_name(number // STATEMENTS_EACH), f"falconbus/things/queries.py:{number} things"
        names.append(["statement", owner, f"{number:016x}", line])
    names += [["cache", f"group {number}"] for number in range(5)] + [["recorder"], list(minute_counts.REQUESTS)]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO telemetry_series (id, kind, key) VALUES (%s, %s, %s)",
            [(number, key[0], key) for number, key in enumerate(names, 1)],
        )
        cursor.executemany(
            "INSERT INTO telemetry_statements (fingerprint, text, types, chain, first_seen, plan)"
            " VALUES (%s, %s, '{}', %s, %s, %s)",
            [
                (key[2], f"SELECT things.name FROM things WHERE things.id = $1 AND {key[2]!r} = ''", [key[3]], now,
                 '{"Plan": {"Node Type": "Seq Scan", "Relation Name": "things", "Total Cost": 12.5}}')
                for key in names if key[0] == "statement"
            ],
        )  # fmt: skip
    connection.execute(
        "INSERT INTO telemetry_releases (id, name, first_seen, last_seen) VALUES (1, '1', %s, %s)",
        [now - timedelta(days=DAYS), now],
    )


def _rows(rates: Sequence[float], rng: random.Random, now: datetime) -> Iterator[Row]:
    requests = [_Durations(2_000 * 1.02**number) for number in range(ENDPOINTS)]
    statements = [_Durations(300 * 1.02**number) for number in range(ENDPOINTS)]
    others = _Durations(150)
    for resolution, kept in KEPT.items():
        for start in _starts(resolution, min(kept, timedelta(days=DAYS)), now):
            whole = Series()
            for endpoint, rate in enumerate(rates):
                count = _poisson(rate * resolution, rng)
                if count:
                    seen = _request(count, requests[endpoint].draw(count, rng))
                    whole.merge(seen)
                    yield _row(resolution, minute_counts.ENDPOINT, start, endpoint, seen)
                    first = ENDPOINTS + endpoint * STATEMENTS_EACH
                    for number in range(first, first + STATEMENTS_EACH):
                        drawn = statements[endpoint].draw(count, rng)
                        counters = {"repeated": count, "repeated_in": count // 4} if number % 50 == 0 else {}
                        yield _row(resolution, minute_counts.STATEMENT, start, number, _series(count, drawn, counters))
            for group in range(5):
                count = _poisson(sum(rates) * resolution / 10, rng)
                drawn = others.draw(count, rng)
                number = ENDPOINTS * (1 + STATEMENTS_EACH) + group
                seen = _series(count, drawn, {"hit": count - count // 5, "miss": count // 5})
                yield _row(resolution, minute_counts.CACHE, start, number, seen)
            yield _row(resolution, minute_counts.REQUESTS[0], start, ENDPOINTS * (1 + STATEMENTS_EACH) + 6, whole)


def _starts(resolution: Resolution, kept: timedelta, now: datetime) -> list[datetime]:
    """Return the starts of all periods of a resolution, including the current one."""
    last = int(now.timestamp()) // resolution
    return [
        datetime.fromtimestamp(number * resolution, UTC)
        for number in range(last - int(kept.total_seconds()) // resolution + 1, last + 1)
    ]


def _request(count: int, drawn: Buckets) -> Series:
    counters = {"2xx": count - count // 20, "4xx": count // 25, "5xx": count // 100, "queries": count * STATEMENTS_EACH}
    counters |= {"sql_us": count * 1500, "cache_hit": count // 2, "cache_miss": count // 10, "over_budget": count // 50}
    return _series(count, drawn, counters)


def _series(count: int, drawn: Buckets, counters: dict[str, int]) -> Series:
    total = int(sum(histogram.value_of(bucket) * number for bucket, number in drawn.items()))
    return Series(count, total, drawn, counters)


def _row(resolution: Resolution, kind: str, start: datetime, number: int, series: Series) -> Row:
    packed, counters = packing.pack(series.buckets), msgspec.json.encode(series.counters).decode()
    p95 = rollup_writer.p95_of(kind, series)
    return (int(resolution), kind, start, number + 1, 1, series.count, series.total_us, packed, p95, counters)


def _poisson(mean: float, rng: random.Random) -> int:
    """Draw from a Poisson distribution: Knuth's product for small means (TAOCP 2, 3.4.1), else a normal one."""
    if mean > 30:
        return max(round(rng.gauss(mean, math.sqrt(mean))), 0)
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count
