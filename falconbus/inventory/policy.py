"""Rules on values: what a seat costs, and which seats are chosen for people who did not choose."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from falconbus.platform.kit import money

#: Percent of the class's price, by type of passenger.
PASSENGER_PERCENT: Mapping[str, int] = {"adult": 100, "student": 90, "senior": 85, "child": 50}


@dataclass(frozen=True, slots=True)
class SeatState:
    """A seat of a coach on a stretch of its way. Rows count from the front; the aisle is a missing column."""

    number: str
    row: int
    column: int
    fare_class_id: int
    free: bool


@dataclass(frozen=True, slots=True)
class Fare:
    """A price in the currency's smallest unit, and how it came about, one step a rule."""

    amount: int
    trace: list[dict[str, Any]]


def segment_price(base_price: int, distance_m: int, route_distance_m: int, set_price: int | None) -> int:
    """The price of a stretch: the operator's own, else the base price in proportion to distance, half up."""
    if set_price is not None:
        return set_price
    return (base_price * distance_m * 2 + route_distance_m) // (2 * route_distance_m)


def class_price(segment: int, class_percent: int) -> int:
    """What an adult pays in a fare class."""
    return money.percent(segment, class_percent)


def fare(segment: int, *, set_by_operator: bool, class_code: str, class_percent: int, passenger_type: str) -> Fare:
    """The fare of one ticket."""
    in_class = class_price(segment, class_percent)
    amount = money.percent(in_class, PASSENGER_PERCENT[passenger_type])
    trace: list[dict[str, Any]] = [
        {"rule": "set_fare" if set_by_operator else "distance", "amount": segment},
        {"rule": f"fare_class:{class_code}", "percent": class_percent, "amount": in_class},
    ]
    if amount != in_class:
        trace.append(
            {"rule": f"passenger:{passenger_type}", "percent": PASSENGER_PERCENT[passenger_type], "amount": amount}
        )
    return Fare(amount, trace)


def choose_seats(seats: Iterable[SeatState], count: int) -> list[str] | None:
    """Seats for `count` people who travel together, None without room.

    Best is a run side by side in one row that leaves no single seat behind; then rows next to each other; then
    whatever is left. Among equally good ones chance decides, so that people booking at once do not collide.
    """
    free = sorted((seat for seat in seats if seat.free), key=lambda seat: (seat.row, seat.column))
    if len(free) < count:
        return None
    runs = _runs(free)
    fitting = [run for run in runs if len(run) >= count]
    if fitting:
        tightest = min(len(run) for run in fitting)
        run = random.choice([run for run in fitting if len(run) == tightest])  # noqa: S311  no secret
        return [seat.number for seat in run[:count]]
    return [seat.number for seat in _closest(free, count)]


def _runs(free: Sequence[SeatState]) -> list[list[SeatState]]:
    """Free seats side by side, none across the aisle."""
    runs: list[list[SeatState]] = []
    for seat in free:
        last = runs[-1][-1] if runs else None
        if last is not None and last.row == seat.row and last.column + 1 == seat.column:
            runs[-1].append(seat)
        else:
            runs.append([seat])
    return runs


def _closest(free: Sequence[SeatState], count: int) -> Sequence[SeatState]:
    """The window of free seats, front to back, that spans the fewest rows."""
    windows = [free[start : start + count] for start in range(len(free) - count + 1)]
    fewest = min(window[-1].row - window[0].row for window in windows)
    return random.choice([window for window in windows if window[-1].row - window[0].row == fewest])  # noqa: S311
