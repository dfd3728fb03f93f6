"""Rules of a person's weekly hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_DAY = 1440


@dataclass(frozen=True, slots=True)
class Stretch:
    """Working hours of a weekday (Monday is 1) in minutes from midnight; past 1440 it is the next day."""

    weekday: int
    begins: int
    ends: int


def overlaps(hours: Sequence[Stretch]) -> bool:
    """Whether two stretches of a week share a minute; Sunday's may reach into Monday."""
    week = 7 * _DAY
    spans = sorted(
        ((stretch.weekday - 1) * _DAY + stretch.begins, (stretch.weekday - 1) * _DAY + stretch.ends)
        for stretch in hours
    )
    if not spans:
        return False
    around = [*spans, (spans[0][0] + week, spans[0][1] + week)]
    return any(until > since for (_, until), (since, _) in pairwise(around))
