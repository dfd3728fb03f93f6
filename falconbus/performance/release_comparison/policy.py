"""When a difference is a change: sure, after a correction for many looks, and large enough to matter."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Self

from falconbus.performance.release_comparison import t_distribution
from falconbus.performance.release_comparison.results import Change, Direction, Verdict

#: The chance of any false alarm in one comparison, all its endpoints and measures together.
ALPHA = 0.05
#: A duration changed when it is more than 10 % off, and surely more than half of that ...
MATTERS, SURELY = 0.10, 0.5
#: ... errors when their share moved by a percentage point, queries by a tenth, at least a tenth of a statement.
MATTERS_ERRORS, MATTERS_QUERIES = 0.01, 0.1
#: A percentile wants ten requests beyond it; the middle and the shares as many as the median.
FEWEST_BEYOND = 10
FEWEST_REQUESTS = 20
#: Of blocks that hold the endpoint's requests evenly; fewer say nothing about how minutes differ.
FEWEST_BLOCKS = 4


class Measure(Enum):
    """What is compared of an endpoint: a percentile of its durations, or a mean over its requests."""

    P50 = 50.0
    P95 = 95.0
    ERRORS = "errors"
    QUERIES = "queries"

    @property
    def is_duration(self) -> bool:
        return self in {Measure.P50, Measure.P95}

    def wants(self) -> int:
        """How many requests each side must have."""
        if self.is_duration:
            return math.ceil(FEWEST_BEYOND / (1 - float(self.value) / 100))
        return FEWEST_REQUESTS


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure on one side, with its standard error; durations as natural logarithms of microseconds."""

    value: float
    error: float
    freedom: int


@dataclass(frozen=True, slots=True)
class Difference:
    """After less before."""

    measure: Measure
    before: Estimate
    after: Estimate
    error: float
    freedom: int

    @classmethod
    def of(cls, measure: Measure, before: Estimate, after: Estimate) -> Self:
        """Degrees of freedom by Welch and Satterthwaite: the sides' minutes need not vary alike."""
        parts = before.error**2, after.error**2
        whole = sum(parts)
        weighed = parts[0] ** 2 / before.freedom + parts[1] ** 2 / after.freedom
        freedom = int(whole**2 / weighed) if weighed else before.freedom + after.freedom
        return cls(measure, before, after, math.sqrt(whole), max(1, freedom))

    @property
    def value(self) -> float:
        return self.after.value - self.before.value

    @property
    def matters(self) -> float:
        """How large the difference must be, in the unit of `value`."""
        if self.measure.is_duration:
            return math.log(1 + MATTERS)
        if self.measure is Measure.ERRORS:
            return MATTERS_ERRORS
        return max(MATTERS_QUERIES, MATTERS_QUERIES * self.before.value)

    def probability(self) -> float:
        """Of a difference as large as this one if the true one were half of what matters; 1 for one that is too small.

        Were it only asked whether anything changed, every drift of the machine would be found, given enough minutes.
        """
        size, edge = abs(self.value), SURELY * self.matters
        if size <= self.matters:
            return 1.0
        error = max(self.error, 1e-9)
        return min(1.0, sum(t_distribution.tail((size + side) / error, self.freedom) for side in (-edge, edge)))

    def change(self, direction: Direction) -> Change:
        """As it is told: durations in microseconds, and relative to before."""
        reach = t_distribution.quantile(0.025, self.freedom) * self.error
        edges = (self.value, self.value - reach, self.value + reach)
        before, after = self.before.value, self.after.value
        if self.measure.is_duration:
            before, after = math.exp(before), math.exp(after)
            edges = tuple(math.expm1(min(edge, 50.0)) for edge in edges)  # type: ignore[assignment]
        value, low, high = (round(edge, 4) for edge in edges)
        return Change(direction, round(before, 4), round(after, 4), value, low, high)


def holm(probabilities: Sequence[float]) -> list[float]:
    """Probabilities corrected for their number (Holm 1979): the chance of any false one among all stays bounded.

    Unlike Benjamini and Hochberg's, which bounds their share, it holds however the measures depend on each other:
    endpoints share the machine's bad minutes, and an endpoint's p95 moves with its p50.
    """
    order = sorted(range(len(probabilities)), key=probabilities.__getitem__)
    corrected = [0.0] * len(order)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, probabilities[index] * (len(order) - rank)))
        corrected[index] = largest
    return corrected


def directions(differences: Sequence[Difference]) -> list[Direction]:
    """What became of each, looked at together."""
    corrected = holm([difference.probability() for difference in differences])
    return [
        Direction.UNCHANGED if chance > ALPHA else Direction.HIGHER if difference.value > 0 else Direction.LOWER
        for chance, difference in zip(corrected, differences, strict=True)
    ]


def verdict(p50: Direction, p95: Direction) -> Verdict:
    """An endpoint's verdict: the worse one, when the middle and the tail went different ways."""
    both = {p50, p95}
    if Direction.HIGHER in both:
        return Verdict.SLOWER
    if Direction.LOWER in both:
        return Verdict.QUICKER
    return Verdict.TOO_LITTLE_DATA if both == {Direction.TOO_LITTLE_DATA} else Verdict.UNCHANGED
