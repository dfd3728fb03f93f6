"""The rules for a change: significant after a correction for multiple tests, and large enough to matter."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Self

from falconbus.performance.release_comparison import t_distribution
from falconbus.performance.release_comparison.results import Change, Direction, Verdict

#: The family-wise error rate: the chance of any false alarm in one comparison, over all endpoints and measures.
ALPHA = 0.05
#: A duration changed when it differs by more than 10 %, and significantly by more than half of that ...
DURATION_THRESHOLD, CERTAIN_SHARE = 0.10, 0.5
#: ... errors when their share differs by a percentage point, queries by a tenth, at least a tenth of a statement.
ERRORS_THRESHOLD, QUERIES_THRESHOLD = 0.01, 0.1
#: A percentile needs ten requests beyond it; means and shares as many requests as the median.
MIN_REQUESTS_BEYOND = 10
MIN_REQUESTS = 20
#: Effective blocks of an endpoint's requests; fewer tell nothing about how minutes differ.
MIN_BLOCKS = 4


class Measure(Enum):
    """A measure of an endpoint: a percentile of its durations, or a mean over its requests."""

    P50 = 50.0
    P95 = 95.0
    ERRORS = "errors"
    QUERIES = "queries"

    @property
    def is_duration(self) -> bool:
        return self in {Measure.P50, Measure.P95}

    def min_requests(self) -> int:
        """Return how many requests each side must have."""
        if self.is_duration:
            return math.ceil(MIN_REQUESTS_BEYOND / (1 - float(self.value) / 100))
        return MIN_REQUESTS


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure on one side, with its standard error; durations as natural logarithms of microseconds."""

    value: float
    error: float
    degrees_of_freedom: int


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of a measure between two sides, after minus before."""

    measure: Measure
    before: Estimate
    after: Estimate
    error: float
    degrees_of_freedom: int

    @classmethod
    def of(cls, measure: Measure, before: Estimate, after: Estimate) -> Self:
        """Return the difference, its degrees of freedom by Welch and Satterthwaite: variances may differ."""
        variances = before.error**2, after.error**2
        variance = sum(variances)
        weighted = variances[0] ** 2 / before.degrees_of_freedom + variances[1] ** 2 / after.degrees_of_freedom
        degrees_of_freedom = (
            int(variance**2 / weighted) if weighted else before.degrees_of_freedom + after.degrees_of_freedom
        )
        return cls(measure, before, after, math.sqrt(variance), max(1, degrees_of_freedom))

    @property
    def value(self) -> float:
        return self.after.value - self.before.value

    @property
    def threshold(self) -> float:
        """Return how large the difference must be to matter, in the unit of `value`."""
        if self.measure.is_duration:
            return math.log(1 + DURATION_THRESHOLD)
        if self.measure is Measure.ERRORS:
            return ERRORS_THRESHOLD
        return max(QUERIES_THRESHOLD, QUERIES_THRESHOLD * self.before.value)

    def probability(self) -> float:
        """Return the p-value of the hypothesis that the true difference is at most half the threshold.

        1 for a difference below the threshold. Were the hypothesis that there is none, every drift of the machine would
        be found, given enough minutes.
        """
        size, edge = abs(self.value), CERTAIN_SHARE * self.threshold
        if size <= self.threshold:
            return 1.0
        error = max(self.error, 1e-9)
        return min(
            1.0,
            sum(t_distribution.upper_tail((size + side) / error, self.degrees_of_freedom) for side in (-edge, edge)),
        )

    def change(self, direction: Direction) -> Change:
        """Return the change with its confidence interval: durations in microseconds, and relative to before."""
        reach = t_distribution.critical_value(0.025, self.degrees_of_freedom) * self.error
        edges = (self.value, self.value - reach, self.value + reach)
        before, after = self.before.value, self.after.value
        if self.measure.is_duration:
            before, after = math.exp(before), math.exp(after)
            edges = tuple(math.expm1(min(edge, 50.0)) for edge in edges)  # type: ignore[assignment]
        value, low, high = (round(edge, 4) for edge in edges)
        return Change(direction, round(before, 4), round(after, 4), value, low, high)


def holm(probabilities: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979), which bounds the chance of any false one among all.

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
    """Return the direction of each difference, corrected for their number."""
    corrected = holm([difference.probability() for difference in differences])
    return [
        Direction.UNCHANGED if chance > ALPHA else Direction.HIGHER if difference.value > 0 else Direction.LOWER
        for chance, difference in zip(corrected, differences, strict=True)
    ]


def verdict(p50: Direction, p95: Direction) -> Verdict:
    """Return an endpoint's verdict: the worse one, when median and 95th percentile went different ways."""
    both = {p50, p95}
    if Direction.HIGHER in both:
        return Verdict.SLOWER
    if Direction.LOWER in both:
        return Verdict.QUICKER
    return Verdict.TOO_LITTLE_DATA if both == {Direction.TOO_LITTLE_DATA} else Verdict.UNCHANGED
