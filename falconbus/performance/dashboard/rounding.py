"""Rounding of figures: milliseconds to three significant digits, shares."""

from functools import lru_cache

from falconbus.platform.telemetry import histogram


def ms(microseconds: float | None) -> float | None:
    """Convert microseconds to milliseconds; histograms know no more than three digits."""
    return None if microseconds is None else milliseconds(microseconds)


def milliseconds(microseconds: float) -> float:
    return float(f"{microseconds / 1000:.3g}")


@lru_cache(maxsize=1024)
def bucket_ms(bucket: int) -> float:
    """Return the milliseconds of a histogram's bucket; cached, since few hundred are asked for thousands of times."""
    return milliseconds(histogram.value_of(bucket))


def share(part: float, whole: float) -> float | None:
    """Return a part between 0 and 1; None when `whole` is 0."""
    return round(min(part / whole, 1.0), 4) if whole else None


def each(number: float, of: float) -> float | None:
    """Return `number` per one of `of`; None when `of` is 0."""
    return float(f"{number / of:.4g}") if of else None
