"""Rules on values: the automatic choice of seats."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeatState:
    """A seat on a segment. Rows count from the front; the aisle is a missing column."""

    number: str
    row: int
    column: int
    fare_class_id: int
    free: bool


def choose_seats(seats: Iterable[SeatState], count: int) -> list[str] | None:
    """Return seats for `count` people who travel together; None without room.

    Preferred is a run side by side in one row that leaves no single seat behind, then the fewest rows. Among equally
    good ones the choice is random, so that simultaneous bookings do not collide.
    """
    free = sorted((seat for seat in seats if seat.free), key=lambda seat: (seat.row, seat.column))
    if len(free) < count:
        return None
    runs = _adjacent_seats(free)
    fitting = [run for run in runs if len(run) >= count]
    if fitting:
        tightest = min(len(run) for run in fitting)
        run = random.choice([run for run in fitting if len(run) == tightest])  # noqa: S311  no secret
        return [seat.number for seat in run[:count]]
    return [seat.number for seat in _closest_seats(free, count)]


def _adjacent_seats(free: Sequence[SeatState]) -> list[list[SeatState]]:
    """Return free seats in runs side by side, none across the aisle."""
    runs: list[list[SeatState]] = []
    for seat in free:
        last = runs[-1][-1] if runs else None
        if last is not None and last.row == seat.row and last.column + 1 == seat.column:
            runs[-1].append(seat)
        else:
            runs.append([seat])
    return runs


def _closest_seats(free: Sequence[SeatState], count: int) -> Sequence[SeatState]:
    """Return the window of free seats, front to back, that spans the fewest rows."""
    windows = [free[start : start + count] for start in range(len(free) - count + 1)]
    fewest = min(window[-1].row - window[0].row for window in windows)
    return random.choice([window for window in windows if window[-1].row - window[0].row == fewest])  # noqa: S311
