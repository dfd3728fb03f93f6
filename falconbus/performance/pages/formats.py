"""Numbers and times of the dashboard as people read them: three figures are enough, and each has its unit."""

from datetime import datetime

from falconbus.platform.design import formats as design_formats

#: Between a number and its unit, and between thousands: never broken over two lines.
GAP = "\u00a0"
NOTHING = "\u2013"

_BYTES = ("B", "kB", "MB", "GB", "TB")


def number(value: float | None) -> str:
    """`12 345`, `3.25`; a dash for what was not measured."""
    if value is None:
        return NOTHING
    if value == int(value) or abs(value) >= 1000:
        return f"{round(value):,}".replace(",", GAP)
    return _figures(value)


def duration(microseconds: float | None) -> str:
    """`840 µs`, `12.3 ms`, `1.24 s`, `12 min`, `3.5 h`."""
    if microseconds is None:
        return NOTHING
    if microseconds < 999.5:
        return f"{round(microseconds)}{GAP}µs"
    for size, unit, limit in ((1e3, "ms", 999_500), (1e6, "s", 119.5e6), (60e6, "min", 7_170e6)):
        if microseconds < limit:
            return f"{_figures(microseconds / size)}{GAP}{unit}"
    return f"{_figures(microseconds / 3600e6)}{GAP}h"


def milliseconds(value: float | None) -> str:
    """A duration that is given in milliseconds."""
    return duration(None if value is None else value * 1000)


def seconds(value: float | None) -> str:
    """A duration that is given in seconds; none of 0 to say in microseconds."""
    return f"0{GAP}s" if value == 0 else duration(None if value is None else value * 1e6)


def age(value: float) -> str:
    """How long something has waited, given in seconds, as people say it: `45 s`, `9 min`, `3 h`, `4 days`."""
    for size, unit, limit in ((1, "s", 120), (60, "min", 7200), (3600, "h", 2 * 86400)):
        if value < limit:
            return f"{round(value / size)}{GAP}{unit}"
    return f"{round(value / 86400)}{GAP}days"


def share(part: float | None) -> str:
    """`97.3 %` of a part between 0 and 1; what is not quite all or nothing is not said to be."""
    if part is None:
        return NOTHING
    percent = part * 100
    if 0 < percent < 0.1:
        return f"<{GAP}0.1{GAP}%"
    if 99.9 < percent < 100:
        return f">{GAP}99.9{GAP}%"
    return f"{percent:.0f}{GAP}%" if percent in {0, 100} else f"{percent:.1f}{GAP}%"


def change(part: float | None) -> str:
    """`+31 %` or `-4.5 %`."""
    if part is None:
        return NOTHING
    sign = "+" if part >= 0 else "\u2212"
    return f"{sign}{_figures(abs(part) * 100)}{GAP}%"


def size(count: float | None) -> str:
    """`12.4 MB`, by powers of 1000."""
    if count is None:
        return NOTHING
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_BYTES) - 1:
        value, unit = value / 1000, unit + 1
    return f"{_figures(value)}{GAP}{_BYTES[unit]}"


def moment(at: datetime | None) -> str:
    """`18 Dec 2026, 07:00`, of a local time."""
    return NOTHING if at is None else design_formats.dated_moment(at)


def instant(at: datetime | None) -> str:
    """`18 Dec, 07:00:09`, of a local time."""
    return NOTHING if at is None else design_formats.exact_moment(at)


def _figures(value: float) -> str:
    """Three figures, without idle zeros behind the point."""
    if abs(value) >= 99.95:
        return f"{value:.0f}"
    text = f"{value:.1f}" if abs(value) >= 9.995 else f"{value:.2f}"
    return text.rstrip("0").rstrip(".")
