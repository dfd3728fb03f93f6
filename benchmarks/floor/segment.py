"""The floor's segment of a departure: fare classes, seats and fares."""

import random
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

_PERCENT = {"adult": 100, "student": 90, "senior": 85, "child": 50}


class FareClass(NamedTuple):
    id: int
    code: str
    percent: int
    name: str
    refundable: bool
    conditions: str


class Segment(NamedTuple):
    """A row of booking_sql.SEGMENT; `free` seats are (row, column, number, class), classes FareClass."""

    route_name: str
    bus: str
    currency: str
    origin_id: int
    origin: str
    origin_name: str
    origin_zone: str
    destination_id: int
    destination: str
    destination_name: str
    destination_zone: str
    origin_position: int
    destination_position: int
    departs_at: datetime
    arrives_at: datetime
    segment_price: int
    price_is_set: bool
    free: list[tuple[int, int, str, int]] | None
    classes: list[list[Any]]


def cheapest_class(segment: Segment, count: int) -> FareClass | None:
    """Return the cheapest class with room for `count`, or None."""
    free = [seat[3] for seat in segment.free or ()]
    classes = [FareClass(*row) for row in segment.classes]
    with_room = [fare_class for fare_class in classes if free.count(fare_class.id) >= count]
    return min(with_room, key=lambda fare_class: fare_class.percent, default=None)


def choose_seats(segment: Segment, class_id: int, count: int) -> list[str]:
    """Return seats side by side if possible, from a random place on, as simultaneous bookings would collide."""
    free = [seat for seat in segment.free or () if seat[3] == class_id]
    start = random.randrange(len(free))
    for at in [*range(start, len(free) - count + 1), *range(min(start, len(free) - count + 1))]:
        window = free[at : at + count]
        if all(left[0] == right[0] and left[1] + 1 == right[1] for left, right in pairwise(window)):
            return [seat[2] for seat in window]
    return [seat[2] for seat in free[:count]]


def ticket_fare(
    segment: Segment, class_code: str, percent: int, passenger_type: str
) -> tuple[int, list[dict[str, Any]]]:
    """Return the amount and its rule trace."""
    class_amount = (segment.segment_price * percent + 50) // 100
    amount = (class_amount * _PERCENT[passenger_type] + 50) // 100
    trace: list[dict[str, Any]] = [
        {"rule": "set_fare" if segment.price_is_set else "distance", "amount": segment.segment_price},
        {"rule": f"fare_class:{class_code}", "percent": percent, "amount": class_amount},
    ]
    if amount != class_amount:
        trace.append({"rule": f"passenger:{passenger_type}", "percent": _PERCENT[passenger_type], "amount": amount})
    return amount, trace


def ticket_fares(
    segment: Segment, class_code: str, percent: int, passenger_types: Sequence[str]
) -> list[tuple[int, list[dict[str, Any]]]]:
    """Return the fare of each passenger."""
    return [ticket_fare(segment, class_code, percent, passenger_type) for passenger_type in passenger_types]
