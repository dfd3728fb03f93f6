"""What a comparison says of endpoints whose minutes are written here."""

import math

import pytest

from falconbus.performance.release_comparison import policy, t_distribution
from falconbus.performance.release_comparison.bootstrap import block_seconds
from falconbus.performance.release_comparison.comparing import compare
from falconbus.performance.release_comparison.results import Direction, EndpointVerdict, Slice, Verdict
from falconbus.platform.telemetry.histogram import bucket_of


def minutes(
    took: int, count: int = 30, number: int = 60, *, errors: int = 0, queries: int = 2, begin: int = 0
) -> list[Slice]:
    """An endpoint whose requests all take about `took` microseconds."""
    return [
        Slice(
            begin + 60 * minute,
            count,
            {bucket_of(took * 1.04**off): count // 3 for off in (-1, 0, 1)},
            errors,
            queries * count,
        )
        for minute in range(number)
    ]


def only(before: list[Slice], after: list[Slice]) -> EndpointVerdict:
    (found,) = compare({"GET /a": before}, {"GET /a": after})
    return found


def test_what_did_not_change_is_unchanged() -> None:
    found = only(minutes(5000), minutes(5000, begin=36000))
    assert found.verdict is Verdict.UNCHANGED
    assert found.p50.change == 0
    assert found.requests_before == found.requests_after == 1800


def test_a_change_below_ten_percent_is_sure_and_does_not_matter() -> None:
    found = only(minutes(5000), minutes(5300))
    assert found.verdict is Verdict.UNCHANGED
    assert found.p50.low is not None
    assert found.p50.low > 0


def test_figures_are_told_in_microseconds_with_an_interval_around_the_change() -> None:
    found = only(minutes(5000), minutes(10_000))
    assert found.verdict is Verdict.SLOWER
    assert found.p50.before == pytest.approx(5000, rel=0.03)
    assert found.p50.after == pytest.approx(10_000, rel=0.03)
    assert found.p50.low is not None
    assert found.p50.high is not None
    assert found.p50.low < 1.0 < found.p50.high


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (minutes(5000), []),
        (minutes(5000, count=3, number=6), minutes(9000)),
        (minutes(5000), minutes(9000, count=3000, number=2)),
    ],
    ids=["gone", "few requests", "two minutes only"],
)
def test_too_little_data_is_an_answer(before: list[Slice], after: list[Slice]) -> None:
    found = only(before, after)
    assert found.verdict is Verdict.TOO_LITTLE_DATA
    assert found.p50.direction is Direction.TOO_LITTLE_DATA
    assert found.p50.before is None


def test_an_endpoint_with_enough_for_its_median_only_is_judged_by_that() -> None:
    found = only(minutes(5000, count=3, number=40), minutes(9000, count=3, number=40))
    assert (found.verdict, found.p95.direction) == (Verdict.SLOWER, Direction.TOO_LITTLE_DATA)


def test_new_and_gone_endpoints_are_listed_last() -> None:
    before = {"GET /gone": minutes(500), "GET /stays": minutes(500)}
    after = {"GET /stays": minutes(900), "GET /new": minutes(500)}
    assert [each.endpoint for each in compare(before, after)] == ["GET /stays", "GET /gone", "GET /new"]


def test_nothing_on_either_side_gives_no_verdicts() -> None:
    assert compare({}, {}) == []


def test_more_errors_are_seen_though_durations_stay() -> None:
    found = only(minutes(5000), minutes(5000, errors=3))
    assert (found.verdict, found.errors.direction) == (Verdict.UNCHANGED, Direction.HIGHER)
    assert (found.errors.before, found.errors.after) == (0.0, 0.1)


def test_one_statement_more_a_request_is_seen() -> None:
    found = only(minutes(5000), minutes(5000, queries=3))
    assert (found.queries.direction, found.queries.change) == (Direction.HIGHER, 1.0)


def test_a_single_slow_block_is_no_change() -> None:
    """Five bad minutes, as a neighbour's backup makes them, look like a change to whoever counts requests."""
    after = minutes(5000, number=35) + minutes(20_000, count=90, number=5, begin=35 * 60)
    assert only(minutes(5000), after).verdict is Verdict.UNCHANGED


def test_the_same_data_gets_the_same_verdict() -> None:
    before, after = minutes(5000), minutes(5600)
    assert only(before, after) == only(before, after)


def test_holm_corrects_the_smallest_most_and_never_reorders() -> None:
    assert policy.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert policy.holm([]) == []


@pytest.mark.parametrize(
    ("probability", "degrees_of_freedom", "t"),
    [(0.025, 1, 12.7062), (0.025, 2, 4.3027), (0.025, 5, 2.5706), (0.0005, 7, 5.4079), (0.005, 30, 2.7500)],
)
def test_students_t_is_as_tabulated(probability: float, degrees_of_freedom: int, t: float) -> None:
    assert t_distribution.critical_value(probability, degrees_of_freedom) == pytest.approx(t, abs=1e-4)
    assert t_distribution.upper_tail(t, degrees_of_freedom) == pytest.approx(probability, rel=1e-3)
    assert t_distribution.upper_tail(-t, degrees_of_freedom) == pytest.approx(1 - probability, rel=1e-3)


@pytest.mark.parametrize(
    ("hours", "row", "seconds"), [(0.5, 60, 300), (1, 60, 300), (24, 60, 720), (24, 600, 1200), (336, 600, 1800)]
)
def test_blocks_grow_with_the_stretch_and_hold_whole_rows(hours: float, row: int, seconds: int) -> None:
    assert block_seconds(hours * 3600, row) == seconds


def test_a_difference_has_the_freedom_of_the_shakier_side() -> None:
    steady, shaky = policy.Estimate(math.log(100), 0.001, 50), policy.Estimate(math.log(150), 0.1, 4)
    assert policy.Difference.of(policy.Measure.P50, steady, shaky).degrees_of_freedom == 4
