"""Charts over time: what charts.js draws, and the same in words and as a table for those who do not see it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from falconbus.performance.dashboard.figures import ReleaseOut, SeriesOut, StatementSeriesOut
from falconbus.performance.pages import formats, frame
from falconbus.platform.kit import clock

_Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `tone` names its colour (`--chart-<tone>`)."""

    label: str
    tone: str
    values: _Values
    is_filled: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """`unit` is "duration" (milliseconds), "rate" (a second) or "count"; `markers` are releases that began."""

    id: str
    title: str
    unit: str
    at: Sequence[datetime]
    lines: Sequence[Line]
    markers: Sequence[ReleaseOut] = field(default=())

    @property
    def data(self) -> dict[str, Any]:
        return {
            "unit": self.unit,
            "zone": frame.time_zone(),
            "times": [int(at.timestamp()) for at in self.at],
            "series": [
                {"label": line.label, "tone": line.tone, "values": list(line.values), "filled": line.is_filled}
                for line in self.lines
            ],
            "markers": [{"at": int(one.first_seen.timestamp()), "label": one.name} for one in self.markers],
        }

    @property
    def summary(self) -> str:
        """One sentence: each line's lowest, highest and latest value."""
        parts = [self._words(line) for line in self.lines]
        told = f"{self.title}. {'; '.join(parts)}."
        if self.markers:
            told += f" Releases that began: {', '.join(one.name for one in self.markers)}."
        return told

    @property
    def columns(self) -> list[str]:
        return [line.label for line in self.lines]

    @property
    def rows(self) -> list[list[str]]:
        """Time and figures, the newest first."""
        write, zone = _UNITS[self.unit], frame.time_zone()
        return [
            [_moment(at, zone), *(write(line.values[place]) for line in self.lines)]
            for place, at in reversed(list(enumerate(self.at)))
        ]

    def _words(self, line: Line) -> str:
        known = [value for value in line.values if value is not None]
        if not known:
            return f"{line.label}: nothing measured"
        write = _UNITS[self.unit]
        return f"{line.label} from {write(min(known))} to {write(max(known))}, at last {write(known[-1])}"


@lru_cache(maxsize=1024)
def _moment(at: datetime, zone: str) -> str:
    """The charts of a page, and of the next view of it, have the same slots."""
    return formats.moment(clock.local(at, zone))


def _rate(value: float | None) -> str:
    return formats.NOTHING if value is None else f"{formats.number(value)}/s"


_UNITS: dict[str, Callable[[float | None], str]] = {
    "duration": formats.milliseconds,
    "rate": _rate,
    "count": formats.number,
}


def throughput(series: SeriesOut, slot_seconds: int, releases: Sequence[ReleaseOut] = ()) -> Chart:
    """Requests, refused ones and server errors a second."""
    refusals, errors = (
        [round(count / slot_seconds, 4) for count in counts] for counts in (series.refusals, series.errors)
    )
    lines = [
        Line("Requests", "rate", series.per_second, is_filled=True),
        Line("Refused (4xx)", "refused", refusals),
        Line("Errors (5xx)", "errors", errors),
    ]
    return Chart(
        id="throughput",
        title="Requests and errors",
        unit="rate",
        at=series.at,
        lines=lines,
        markers=_begun(releases, series),
    )


def durations(series: SeriesOut, releases: Sequence[ReleaseOut] = ()) -> Chart:
    """The middle, the slowest 5 % and the slowest 1 %."""
    lines = [
        Line("p50", "p50", series.p50_ms),
        Line("p95", "p95", series.p95_ms),
        Line("p99", "p99", series.p99_ms),
    ]
    return Chart(
        id="durations",
        title="Response time",
        unit="duration",
        at=series.at,
        lines=lines,
        markers=_begun(releases, series),
    )


def statement(series: StatementSeriesOut) -> list[Chart]:
    """How often a statement was sent, and how long it took."""
    calls = Line("Calls", "rate", series.calls, is_filled=True)
    took = [Line("p50", "p50", series.p50_ms), Line("p95", "p95", series.p95_ms)]
    return [
        Chart(id="calls", title="Calls", unit="count", at=series.at, lines=[calls]),
        Chart(id="durations", title="Time", unit="duration", at=series.at, lines=took),
    ]


def _begun(releases: Sequence[ReleaseOut], series: SeriesOut) -> list[ReleaseOut]:
    """Those that began within the chart."""
    return [one for one in releases if series.at and series.at[0] <= one.first_seen]
