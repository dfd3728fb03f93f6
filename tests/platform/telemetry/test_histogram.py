"""Percentiles from buckets are within 2 % of the true ones, and histograms merge by adding."""

import math

import pytest
from ddsketch import DDSketch
from hypothesis import given
from hypothesis import strategies as st

from falconbus.platform.telemetry import histogram
from falconbus.platform.telemetry.histogram import Buckets, bounds_of, bucket_of, value_of

WITHIN = 0.02
PERCENTS = (0, 1, 25, 50, 75, 90, 95, 99, 99.9, 100)
#: From a microsecond to an hour.
durations = st.floats(min_value=1, max_value=3.6e9)


def histogram_of(values: list[float]) -> Buckets:
    buckets: Buckets = {}
    for value in values:
        histogram.add(buckets, {bucket_of(value): 1})
    return buckets


@given(st.lists(durations, min_size=1, max_size=300))
def test_percentiles_are_within_two_percent_of_the_nearest_rank(values: list[float]) -> None:
    ordered = sorted(values)
    for percent, told in zip(PERCENTS, histogram.percentiles(histogram_of(values), PERCENTS), strict=True):
        true = ordered[max(1, math.ceil(len(values) * percent / 100)) - 1]
        assert told == pytest.approx(true, rel=WITHIN)
        assert told == histogram.percentile(histogram_of(values), percent)


@given(st.lists(st.lists(durations, max_size=50), max_size=6))
def test_merged_histograms_are_the_histogram_of_all_values(parts: list[list[float]]) -> None:
    together = histogram_of([value for part in parts for value in part])
    assert histogram.merged(histogram_of(part) for part in parts) == together


@given(st.lists(durations, min_size=1, max_size=300))
def test_percentiles_agree_with_ddsketch(values: list[float]) -> None:
    sketch = DDSketch((histogram.GROWTH - 1) / (histogram.GROWTH + 1))
    for value in values:
        sketch.add(value)
    for rank in {1, (len(values) + 1) // 2, len(values)}:
        # DDSketch's quantile q is the value of rank 1 + q (n - 1); both sketches may be 2 % off, to either side.
        theirs = sketch.get_quantile_value((rank - 1) / (len(values) - 1) if len(values) > 1 else 0)
        ours = histogram.percentile(histogram_of(values), 100 * rank / len(values) - 1e-9)
        assert ours == pytest.approx(theirs, rel=2 * WITHIN + WITHIN**2)


@given(durations)
def test_a_value_lies_between_its_buckets_bounds(value: float) -> None:
    low, high = bounds_of(bucket_of(value))
    assert low * (1 - 1e-9) <= value <= high * (1 + 1e-9)
    assert low < value_of(bucket_of(value)) < high


def test_what_is_shorter_than_a_microsecond_is_one_bucket_and_nothing_has_no_percentile() -> None:
    assert {bucket_of(value) for value in (-1, 0, 0.3, 0.999)} == {0}
    assert bounds_of(0) == (0, 1)
    assert histogram.percentile({}, 50) is None
    assert histogram.percentiles({}, PERCENTS) == [None] * len(PERCENTS)
