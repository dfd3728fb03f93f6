"""Small drawings made on the server, as numbers for SVG attributes: sparklines, heat maps, timelines."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from falconbus.performance.dashboard.figures import BandOut, HeatOut
from falconbus.performance.pages import formats

SPARK_WIDTH, SPARK_HEIGHT = 96, 24
HEAT_WIDTH, HEAT_ROW = 960, 14


@dataclass(frozen=True, slots=True)
class Spark:
    """A line over time; `lines` are the points of its unbroken stretches."""

    lines: list[str]
    width: int = SPARK_WIDTH
    height: int = SPARK_HEIGHT


@dataclass(frozen=True, slots=True)
class Band:
    """A row of the heat map; `y` is its upper edge, `total` how many requests it holds."""

    label: str
    y: int
    total: int


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
    room = (SPARK_HEIGHT - 2) / highest
    lines: list[list[str]] = [[]]
    for x, value in zip(_places(len(values)), values, strict=True):
        if value is None:
            lines.append([])
        else:
            lines[-1].append(f"{x},{SPARK_HEIGHT - 1 - value * room:.1f}")
    # A single point has no length: it is drawn as a short line.
    return Spark([" ".join(line if len(line) > 1 else [*line, _beside(line[0])]) for line in lines if line])


@lru_cache(maxsize=8)
def _places(number: int) -> list[str]:
    """So many places from the left to the right: a table has a hundred sparklines of the same length."""
    step = SPARK_WIDTH / max(number - 1, 1)
    return [f"{place * step:.1f}" for place in range(number)]


def _beside(point: str) -> str:
    x, y = point.split(",")
    return f"{float(x) + 1.5:.1f},{y}"


def heat_map(heat: HeatOut, when: Sequence[str]) -> HeatMap | None:
    """The bands that hold something, slow ones on top; `when` names the slots. None when nothing was measured."""
    filled = [number for number, total in enumerate(heat.totals) if total]
    if not filled:
        return None
    lowest, highest = filled[0], filled[-1]
    most = max(max(counts, default=0) for counts in heat.counts)
    width = HEAT_WIDTH / len(heat.counts)
    bands = [
        Band(_label(heat.bands[number]), (highest - number) * HEAT_ROW, heat.totals[number])
        for number in range(highest, lowest - 1, -1)
    ]
    cells = [
        Cell(
            x=round(slot * width, 2),
            y=(highest - number) * HEAT_ROW,
            width=round(width, 2),
            strength=round(0.12 + 0.88 * math.log1p(count) / math.log1p(most), 3),
            title=f"{when[slot]}: {formats.number(count)} requests, {_label(heat.bands[number])}",
        )
        for slot, counts in enumerate(heat.counts)
        for number, count in enumerate(counts)
        if count
    ]
    return HeatMap(bands, cells, HEAT_WIDTH, len(bands) * HEAT_ROW)


def _label(band: BandOut) -> str:
    low, high = formats.milliseconds(band.low_ms), formats.milliseconds(band.high_ms)
    if band.high_ms is None:
        return f"{low} or more"
    return f"{low} to {high}" if band.low_ms else f"under {high}"
