"""Student's t distribution for whole degrees of freedom: all that a verdict needs of scipy, which costs 90 MB."""

import math

_WIDEST = 1e6


def tail(t: float, freedom: int) -> float:
    """The probability of more than `t` (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3, 26.7.4)."""
    angle = math.atan2(abs(t), math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = total = cosine if odd else 1.0
    for k in range(3 if odd else 2, freedom, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    if freedom == 1:
        total = 0.0
    within = 2 / math.pi * (angle + sine * total) if odd else sine * total
    beyond = max(0.0, (1 - within) / 2)
    return beyond if t >= 0 else 1 - beyond


def quantile(probability: float, freedom: int) -> float:
    """The t that is exceeded with `probability`, at most one half; by halving."""
    low, high = 0.0, _WIDEST
    while high - low > 1e-9 * max(1.0, high):
        middle = (low + high) / 2
        if tail(middle, freedom) > probability:
            low = middle
        else:
            high = middle
    return high
