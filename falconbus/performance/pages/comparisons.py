"""What a comparison's page shows: sides in words, and each endpoint's change with its interval."""

from dataclasses import dataclass

from falconbus.performance.pages import formats, frame
from falconbus.performance.release_comparison.results import Change, Direction, EndpointVerdict, Result, Side, Verdict

#: The interval's axis: so many units wide, nothing in the middle; changes are drawn up to a doubling.
WIDTH = 200
_MIDDLE = WIDTH / 2
_FURTHEST = 1.0
_TONES = {Verdict.SLOWER: "danger", Verdict.QUICKER: "good"}


@dataclass(frozen=True, slots=True)
class Interval:
    """From `x` on, `width` long, the estimate at `at`; `tone` is slower, faster or nothing sure."""

    x: float
    width: float
    at: float
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """An endpoint's line."""

    endpoint: EndpointVerdict
    tone: str
    p50: Interval | None
    p95: Interval | None


def side_words(side: Side) -> str:
    """`release 1.4.2`, or from when to when."""
    if side.release is not None:
        return f"release {side.release}"
    return f"{formats.moment(frame.local(side.begin))} to {formats.moment(frame.local(side.end))}"


def title(before: Side, after: Side) -> str:
    """Both sides, as a page's heading."""
    words = f"{side_words(before)} against {side_words(after)}"
    return words[0].upper() + words[1:]


def rows(result: Result) -> list[Row]:
    """Endpoints in the order of the result: those that changed come first."""
    return [Row(one, _TONES.get(one.verdict, ""), interval(one.p50), interval(one.p95)) for one in result.endpoints]


def interval(change: Change) -> Interval | None:
    """A duration's relative change as a drawing and in words; None where there was too little data."""
    if change.change is None or change.low is None or change.high is None:
        return None
    low, high, at = (_place(value) for value in (change.low, change.high, change.change))
    tone = {Direction.HIGHER: "slower", Direction.LOWER: "faster"}.get(change.direction, "")
    between = f"{formats.change(change.low)} to {formats.change(change.high)}"
    return Interval(low, max(high - low, 2), at, tone, between)


def _place(change: float) -> float:
    return round(_MIDDLE + max(-_FURTHEST, min(change, _FURTHEST)) / _FURTHEST * _MIDDLE, 1)
