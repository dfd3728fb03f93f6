"""The standard errors of percentiles and means, by a block bootstrap over minutes.

Requests of one minute share its neighbours, its garbage, its checkpoint: they are not independent, and a test that
takes them for it finds changes everywhere. Blocks of consecutive minutes are nearly independent, so they are resampled
with replacement (Carlstein 1986, Annals of Statistics 14). Loads numpy, so only workers run this.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from falconbus.performance.release_comparison.policy import MIN_BLOCKS, Estimate, Measure
from falconbus.performance.release_comparison.results import Slice
from falconbus.platform.kit.lazy import Lazy
from falconbus.platform.telemetry.histogram import GROWTH

np = Lazy("numpy")

RESAMPLES = 1000
MIN_BLOCK_SECONDS = 300
_STEP = math.log(GROWTH)
# The variance of a value within its bucket, so that the error of a single bucket is not zero.
_BUCKET_VARIANCE = _STEP**2 / 12


def block_seconds(stretch: float, row: int) -> int:
    """Return the length of a block, for a stretch of so many seconds in rows of `row` seconds.

    In minutes the third root of their number, which balances dependence between blocks against having few of them
    (Hall, Horowitz and Jing 1995, Biometrika 82), and never less than five: PostgreSQL's checkpoints come in fives.
    """
    minutes = math.ceil(math.cbrt(stretch / 60) - 1e-9)
    return math.ceil(max(MIN_BLOCK_SECONDS, 60 * minutes) / row) * row


class Blocks:
    """One side's blocks, and how often each occurs in each resample: the same resamples for all endpoints."""

    def __init__(self, endpoints: Mapping[str, Sequence[Slice]], row: int, seed: int) -> None:
        starts = np.array(sorted({each.start for slices in endpoints.values() for each in slices}) or [0])
        self._first = int(starts[0])
        self._length = block_seconds(float(starts[-1]) + row - self._first, row)
        self._numbers = np.unique((starts - self._first) // self._length)
        count = len(self._numbers)
        draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
        self._draws = draws.astype(np.float64)

    def estimates(self, slices: Sequence[Slice]) -> dict[Measure, Estimate]:
        """Return the estimates of one endpoint, of each measure that it has enough requests for."""
        requests = sum(each.count for each in slices)
        measures = [measure for measure in Measure if requests >= measure.min_requests()]
        if not measures:
            return {}
        places = np.searchsorted(self._numbers, (np.array([s.start for s in slices]) - self._first) // self._length)
        counts = self._sum_by_block(places, [each.count for each in slices])
        # Kish's effective sample size: blocks weighted by their requests.
        effective = round(float(counts.sum() ** 2 / (counts**2).sum()))
        if effective < MIN_BLOCKS:
            return {}
        estimates = {}
        for measure, (value, drawn, variance) in self._figures(slices, places, counts, measures).items():
            spread = float(np.nanvar(drawn)) * effective / (effective - 1)
            estimates[measure] = Estimate(value, math.sqrt(spread + variance), effective - 1)
        return estimates

    def _figures(
        self, slices: Sequence[Slice], places: Any, counts: Any, measures: Sequence[Measure]
    ) -> dict[Measure, tuple[float, Any, float]]:
        """Return by measure its value, its values in the resamples, and its least variance."""
        figures: dict[Measure, tuple[float, Any, float]] = {}
        buckets, table = self._histograms(slices, places)
        drawn_counts = self._draws @ counts
        drawn_counts[drawn_counts == 0] = np.nan
        whole = table.sum(axis=0, keepdims=True)
        drawn = self._draws @ table
        total = float(counts.sum())
        for measure in measures:
            if measure.is_duration:
                share = float(measure.value) / 100
                value = float(_percentiles(buckets, whole, share)[0])
                figures[measure] = value, _percentiles(buckets, drawn, share), _BUCKET_VARIANCE
                continue
            numbers = self._sum_by_block(places, [getattr(each, measure.value) for each in slices])
            value = float(numbers.sum()) / total
            # The variance of a share is never zero: one more error might have occurred (Laplace's rule of succession).
            share = (float(numbers.sum()) + 1) / (total + 2)
            least = share * (1 - share) / total if measure is Measure.ERRORS else 0.0
            figures[measure] = value, (self._draws @ numbers) / drawn_counts, least
        return figures

    def _sum_by_block(self, places: Any, numbers: Sequence[int]) -> Any:
        return np.bincount(places, weights=np.array(numbers, float), minlength=len(self._numbers))

    def _histograms(self, slices: Sequence[Slice], places: Any) -> tuple[Any, Any]:
        """Return the buckets that occur, and a table of counts: a row a block, a column a bucket."""
        flat = [
            (place, bucket, count)
            for place, each in zip(places.tolist(), slices, strict=True)
            for bucket, count in each.buckets.items()
        ]
        rows, occurring, counts = (np.array(column) for column in zip(*flat, strict=True))
        buckets, columns = np.unique(occurring, return_inverse=True)
        table = np.zeros((len(self._numbers), len(buckets)))
        np.add.at(table, (rows, columns), counts)
        return buckets, table


def _percentiles(buckets: Any, histograms: Any, share: float) -> Any:
    """Return the logarithm of a percentile of each histogram, interpolated in its bucket; nan for an empty one."""
    rising = np.cumsum(histograms, axis=1)
    wanted = rising[:, -1:] * share
    column = np.minimum((rising < wanted - 1e-9).sum(axis=1), len(buckets) - 1)[:, None]
    held = np.take_along_axis(histograms, column, axis=1)
    below = np.take_along_axis(rising, column, axis=1) - held
    with np.errstate(invalid="ignore", divide="ignore"):
        within = (wanted - below) / held
    return ((buckets[column] - 1 + within) * _STEP)[:, 0]
