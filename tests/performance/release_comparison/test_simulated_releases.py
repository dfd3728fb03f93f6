"""Verdicts on releases that never ran, where it is known what changed."""

import math
from collections.abc import Sequence

import numpy as np

from falconbus.performance.release_comparison.comparing import compare
from falconbus.performance.release_comparison.policy import holm
from falconbus.performance.release_comparison.results import Direction, EndpointVerdict, Slice, Verdict
from falconbus.performance.release_comparison.t_distribution import upper_tail
from tests.performance.release_comparison.simulated import DAY, MINUTES, Change, name, side

Side = dict[str, list[Slice]]
NOTHING = Change()
MOVED = {Direction.HIGHER, Direction.LOWER}


def release(seed: int, change: Change = NOTHING, *, noise: float = 0.08) -> tuple[Side, Side]:
    """The hour before and the hour after, at some time of the day."""
    chance = np.random.default_rng(seed)
    begin = int(chance.integers(DAY))
    return side(chance, begin, noise=noise), side(chance, begin + MINUTES, change, noise=noise)


def alarms(verdicts: Sequence[EndpointVerdict]) -> set[str]:
    return {
        each.endpoint
        for each in verdicts
        if {each.p50.direction, each.p95.direction, each.errors.direction, each.queries.direction} & MOVED
    }


def ranks_say_changed(before: Side, after: Side) -> set[str]:
    """The control: Mann and Whitney's test of each endpoint's requests, taken for independent, with the same Holm."""
    chances = {}
    for endpoint in sorted(set(before) & set(after)):
        histograms = [_whole(slices) for slices in (before[endpoint], after[endpoint])]
        chances[endpoint] = _mann_whitney(*histograms)
    corrected = holm(list(chances.values()))
    return {endpoint for endpoint, chance in zip(chances, corrected, strict=True) if chance < 0.05}


def _whole(slices: Sequence[Slice]) -> dict[int, int]:
    whole: dict[int, int] = {}
    for each in slices:
        for bucket, count in each.buckets.items():
            whole[bucket] = whole.get(bucket, 0) + count
    return whole


def _mann_whitney(before: dict[int, int], after: dict[int, int]) -> float:
    """Two-sided, by the normal approximation with ties (Mann and Whitney 1947)."""
    n, m = sum(before.values()), sum(after.values())
    u = ties = 0.0
    below = 0
    for bucket in sorted({*before, *after}):
        old, new = before.get(bucket, 0), after.get(bucket, 0)
        u += new * (below + old / 2)
        below += old
        ties += (old + new) ** 3 - (old + new)
    variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
    return 2 * upper_tail(abs(u - n * m / 2) / math.sqrt(variance), 1000)


def test_thirty_equal_releases_raise_no_alarm_where_a_plain_rank_test_does_in_half() -> None:
    false_alarms, of_the_control = [], 0
    for seed in range(30):
        before, after = release(seed)
        false_alarms += [(seed, endpoint) for endpoint in alarms(compare(before, after))]
        of_the_control += bool(ranks_say_changed(before, after))
    assert false_alarms == []
    assert of_the_control >= 15


def test_a_machine_twice_as_restless_raises_no_alarm_either() -> None:
    assert [seed for seed in range(100, 110) if alarms(compare(*release(seed, noise=0.16)))] == []


def test_one_endpoint_that_is_30_percent_slower_is_found() -> None:
    found = 0
    for seed in range(200, 210):
        slower = [e.endpoint for e in compare(*release(seed, Change(6, 1.3))) if e.verdict is Verdict.SLOWER]
        assert set(slower) <= {name(6)}
        found += slower == [name(6)]
    assert found >= 9


def test_one_endpoint_that_is_quicker_is_found() -> None:
    found = [compare(*release(seed, Change(6, 0.7)))[0] for seed in range(300, 305)]
    assert sum((each.endpoint, each.verdict) == (name(6), Verdict.QUICKER) for each in found) >= 4


def test_a_slow_tail_of_8_percent_is_found_in_the_tail() -> None:
    found = 0
    for seed in range(400, 410):
        first = compare(*release(seed, Change(6, 5.0, share=0.08)))[0]
        found += (first.endpoint, first.p95.direction) == (name(6), Direction.HIGHER)
    assert found >= 9
