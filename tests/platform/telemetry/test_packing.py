"""Packed histograms: nothing is lost, and bytes behind each other are a sum."""

import random

import pytest

from falconbus.platform.telemetry import histogram, packing
from falconbus.platform.telemetry.histogram import Buckets


def drawn(seed: int, largest: int) -> Buckets:
    chance = random.Random(seed)
    return {chance.randrange(700): chance.randrange(1, largest) for _ in range(chance.randrange(1, 90))}


@pytest.mark.parametrize(
    "buckets", [{}, {0: 1}, {699: 255}, {0: 256, 699: 1}, {3: 2**40, 4: 1, 250: 65_535}, {10: 2**63}]
)
def test_a_histogram_is_the_same_after_packing(buckets: Buckets) -> None:
    assert packing.unpack(packing.pack(buckets)) == buckets


@pytest.mark.parametrize("largest", [2, 300, 70_000, 2**40])
def test_packed_histograms_behind_each_other_are_their_sum(largest: int) -> None:
    parts = [drawn(seed, largest) for seed in range(60)] + [{}]
    summed = packing.unpack(b"".join(map(packing.pack, parts)))
    assert summed == histogram.merged(parts)
    assert list(summed) == sorted(summed)


def test_a_histogram_of_few_requests_takes_few_bytes() -> None:
    assert len(packing.pack({200: 1, 210: 3})) == 16


@pytest.mark.parametrize("broken", [b"no histogram", packing.pack({5: 300})[:-1], packing.pack({5: 300})[:3]])
def test_what_is_no_histogram_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="histogram"):
        packing.unpack(broken)
