"""Student's t distribution for whole degrees of freedom: all that we need of scipy, which costs 90 MB."""

import math

_MAX_T = 1e6


def upper_tail(t: float, degrees_of_freedom: int) -> float:
    """Return P(T > t) (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3, 26.7.4)."""
    angle = math.atan2(abs(t), math.sqrt(degrees_of_freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees_of_freedom % 2
    term = total = cosine if odd else 1.0
    for k in range(3 if odd else 2, degrees_of_freedom, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    if degrees_of_freedom == 1:
        total = 0.0
    within = 2 / math.pi * (angle + sine * total) if odd else sine * total
    beyond = max(0.0, (1 - within) / 2)
    return beyond if t >= 0 else 1 - beyond


def critical_value(probability: float, degrees_of_freedom: int) -> float:
    """Return the t that is exceeded with `probability` (at most one half), by bisection."""
    low, high = 0.0, _MAX_T
    while high - low > 1e-9 * max(1.0, high):
        middle = (low + high) / 2
        if upper_tail(middle, degrees_of_freedom) > probability:
            low = middle
        else:
            high = middle
    return high
