"""Rules of weekly working hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_DAY = 1440


@dataclass(frozen=True, slots=True)
class WorkingInterval:
    """Working hours of a weekday (Monday is 1) in minutes from midnight; past 1440 it is the next day."""

    weekday: int
    begins: int
    ends: int


def overlaps(hours: Sequence[WorkingInterval]) -> bool:
    """Return whether two intervals of a week overlap; Sunday's may reach into Monday."""
    week = 7 * _DAY
    spans = sorted(
        ((interval.weekday - 1) * _DAY + interval.begins, (interval.weekday - 1) * _DAY + interval.ends)
        for interval in hours
    )
    if not spans:
        return False
    circular = [*spans, (spans[0][0] + week, spans[0][1] + week)]
    return any(until > since for (_, until), (since, _) in pairwise(circular))
