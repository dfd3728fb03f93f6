"""Small drawings made on the server, as numbers for SVG attributes: sparklines, heat maps, timelines."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from falconbus.performance.pages import formats
from falconbus.telemetry import histogram

SPARK_WIDTH, SPARK_HEIGHT = 96, 24
HEAT_WIDTH, HEAT_ROW = 960, 14
#: Bounds of the heat map's bands in microseconds: each band is from one to the next.
BANDS = (0, 1e3, 2e3, 5e3, 10e3, 20e3, 50e3, 100e3, 200e3, 500e3, 1e6, 2e6, 5e6, math.inf)


@dataclass(frozen=True, slots=True)
class Spark:
    """A line over time; `lines` are the points of its unbroken stretches."""

    lines: list[str]
    width: int = SPARK_WIDTH
    height: int = SPARK_HEIGHT


@dataclass(frozen=True, slots=True)
class Band:
    """A row of the heat map; `y` is its upper edge."""

    label: str
    y: int


@dataclass(frozen=True, slots=True)
class Cell:
    """Requests of one stretch of time and one band; `strength` is between 0 and 1."""

    x: float
    y: int
    width: float
    strength: float
    title: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """How long requests took over time, darker where there were more."""

    bands: list[Band]
    cells: list[Cell]
    width: int
    height: int
    row: int = HEAT_ROW


def sparkline(values: Sequence[float | None]) -> Spark:
    """The values from left to right, 0 at the bottom; nothing is drawn where nothing was measured."""
    highest = max((value for value in values if value is not None), default=0) or 1
    step = SPARK_WIDTH / max(len(values) - 1, 1)
    room = SPARK_HEIGHT - 2
    lines: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            lines.append([])
        else:
            lines[-1].append(f"{place * step:.1f},{SPARK_HEIGHT - 1 - value / highest * room:.1f}")
    # A single point has no length: it is drawn as a short line.
    return Spark([" ".join(line if len(line) > 1 else [*line, _beside(line[0])]) for line in lines if line])


def _beside(point: str) -> str:
    x, y = point.split(",")
    return f"{float(x) + 1.5:.1f},{y}"


def heat_map(columns: Sequence[tuple[str, Mapping[int, int]]]) -> HeatMap | None:
    """Columns of (when, histogram) as a heat map of the bands that hold something; None when nothing does."""
    counted = [(when, _by_band(buckets)) for when, buckets in columns]
    filled = [band for _, counts in counted for band, count in counts.items() if count]
    if not filled:
        return None
    lowest, highest = min(filled), max(filled)
    most = max(count for _, counts in counted for count in counts.values())
    width = HEAT_WIDTH / len(counted)
    bands = [Band(_label(band), (highest - band) * HEAT_ROW) for band in range(highest, lowest - 1, -1)]
    cells = [
        Cell(
            x=round(place * width, 2),
            y=(highest - band) * HEAT_ROW,
            width=round(width, 2),
            strength=round(0.12 + 0.88 * math.log1p(count) / math.log1p(most), 3),
            title=f"{when}: {formats.number(count)} requests, {_label(band)}",
        )
        for place, (when, counts) in enumerate(counted)
        for band, count in counts.items()
    ]
    return HeatMap(bands, cells, HEAT_WIDTH, len(bands) * HEAT_ROW)


def _by_band(buckets: Mapping[int, int]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for bucket, count in buckets.items():
        value = histogram.value_of(bucket)
        band = next(place for place, bound in enumerate(BANDS[1:]) if value < bound)
        counts[band] = counts.get(band, 0) + count
    return counts


def _label(band: int) -> str:
    low, high = BANDS[band], BANDS[band + 1]
    if math.isinf(high):
        return f"{formats.duration(low)} or more"
    return f"{formats.duration(low)} to {formats.duration(high)}" if low else f"under {formats.duration(high)}"
