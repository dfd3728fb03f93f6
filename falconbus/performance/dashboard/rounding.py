"""Numbers as the dashboard tells them: milliseconds with three significant digits, shares."""

from functools import lru_cache

from falconbus.platform.telemetry import histogram


def ms(microseconds: float | None) -> float | None:
    """Microseconds as milliseconds; histograms know no more than three digits."""
    return None if microseconds is None else milliseconds(microseconds)


def milliseconds(microseconds: float) -> float:
    return float(f"{microseconds / 1000:.3g}")


@lru_cache(maxsize=1024)
def bucket_ms(bucket: int) -> float:
    """The duration that a histogram's bucket stands for: a few hundred different ones, told thousands of times."""
    return milliseconds(histogram.value_of(bucket))


def share(part: float, whole: float) -> float | None:
    """A part between 0 and 1; None of nothing."""
    return round(min(part / whole, 1.0), 4) if whole else None


def each(number: float, of: float) -> float | None:
    """How many on each; None when there are none."""
    return float(f"{number / of:.4g}") if of else None
