"""Whether so much is refused of late as it was not before."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: A jump is to so many times what it was before.
_TIMES = 3
#: The last part of a period's slots is "of late", at least so many of them.
_LATELY = 1 / 6
_LEAST_SLOTS = 2


@dataclass(frozen=True, slots=True)
class Jump:
    """`bad` of `all` of late, `bad_before` of `before` in the time before."""

    bad: int
    all: int
    bad_before: int
    before: int

    @property
    def share(self) -> float:
        return self.bad / self.all if self.all else 0.0

    @property
    def share_before(self) -> float:
        return self.bad_before / self.before if self.before else 0.0

    def is_one(self, *, least: int, share: float) -> bool:
        """Whether it is worth a word: `least` bad ones, at least that `share`, and several times what it was before."""
        return self.bad >= least and self.share >= share and self.share >= _TIMES * self.share_before


def in_series(bad: Sequence[int], total: Sequence[int]) -> Jump:
    """Return how the last sixth of the slots compares with the others."""
    first = len(total) - max(math.ceil(len(total) * _LATELY), _LEAST_SLOTS)
    first = max(first, 0)
    return Jump(sum(bad[first:]), sum(total[first:]), sum(bad[:first]), sum(total[:first]))
