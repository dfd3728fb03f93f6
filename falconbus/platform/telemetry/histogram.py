"""Durations in buckets that grow by 4 %: any percentile within 2 %, merged by adding.

Bucket 0 holds everything below one microsecond, bucket b > 0 what is from GROWTH**(b-1) up to GROWTH**b. A value is
told as its bucket's middle on the log scale, so that the error is at most sqrt(GROWTH) - 1 = 1.98 %. The buckets are
those of DDSketch's logarithmic mapping with a relative accuracy of 0.0196 (Masson, Rim and Lee, VLDB 2019, section 2).
"""

import math
from collections.abc import Iterable, Mapping

GROWTH = 1.04
_SCALE = 1 / math.log(GROWTH)
_log = math.log

#: From a bucket to how many values fell into it; only buckets that hold something.
Buckets = dict[int, int]


def bucket_of(microseconds: float) -> int:
    """Return the bucket that a duration falls into."""
    return int(_log(microseconds) * _SCALE) + 1 if microseconds >= 1 else 0


def value_of(bucket: int) -> float:
    """Return the duration that a bucket stands for, in microseconds."""
    return GROWTH ** (bucket - 0.5) if bucket else 0.5


def bounds_of(bucket: int) -> tuple[float, float]:
    """Return the lower (inclusive) and upper bound of a bucket, in microseconds."""
    return (GROWTH ** (bucket - 1), GROWTH**bucket) if bucket else (0.0, 1.0)


def add(into: Buckets, other: Mapping[int, int]) -> None:
    """Add the values of another histogram to `into`."""
    for bucket, count in other.items():
        into[bucket] = into.get(bucket, 0) + count


def merged(histograms: Iterable[Mapping[int, int]]) -> Buckets:
    """Return one histogram with the values of all."""
    into: Buckets = {}
    for histogram in histograms:
        add(into, histogram)
    return into


def percentile(buckets: Mapping[int, int], percent: float) -> float | None:
    """Return the duration in microseconds that `percent` of the values do not exceed; None without values."""
    return percentiles(buckets, (percent,))[0]


def percentiles(buckets: Mapping[int, int], percents: Iterable[float]) -> list[float | None]:
    """Return several percentiles, each by the nearest rank; `percents` must rise."""
    ordered = sorted(buckets.items())
    total = sum(count for _, count in ordered)
    if not total:
        return [None for _ in percents]
    values: list[float | None] = []
    position, seen = 0, ordered[0][1]
    for percent in percents:
        rank = max(1, math.ceil(total * percent / 100))
        while seen < rank:
            position += 1
            seen += ordered[position][1]
        values.append(value_of(ordered[position][0]))
    return values


def p95_bucket(buckets: Mapping[int, int]) -> int | None:
    """Return the bucket of the 95th percentile by the nearest rank; None without values.

    The search begins at the slow end, where that bucket is near.
    """
    left = sum(buckets.values()) // 20
    for bucket in sorted(buckets, reverse=True):
        left -= buckets[bucket]
        if left < 0:
            return bucket
    return None


def p95(buckets: Mapping[int, int]) -> float | None:
    """Return the 95th percentile in microseconds; None without values."""
    bucket = p95_bucket(buckets)
    return None if bucket is None else value_of(bucket)
