"""What a departure offers, and the tickets made of it."""

import random
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

_PERCENT = {"adult": 100, "student": 90, "senior": 85, "child": 50}


class Offer(NamedTuple):
    """A row of booking_sql.OFFER; `free` seats are (row, column, number, class), classes (id, code, percent)."""

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
    first: int
    past: int
    departs_at: datetime
    arrives_at: datetime
    segment: int
    is_set: bool
    free: list[tuple[int, int, str, int]] | None
    classes: list[tuple[int, str, int]]


def cheapest_class(offer: Offer, count: int) -> tuple[int, str, int] | None:
    """The class with room for so many that costs least."""
    free = [seat[3] for seat in offer.free or ()]
    with_room = [(percent, code, number) for number, code, percent in offer.classes if free.count(number) >= count]
    if not with_room:
        return None
    percent, code, number = min(with_room)
    return number, code, percent


def choose_seats(offer: Offer, class_id: int, count: int) -> list[str]:
    """Side by side if possible, at a random place, as people book at once."""
    free = [seat for seat in offer.free or () if seat[3] == class_id]
    start = random.randrange(len(free))
    for at in [*range(start, len(free) - count + 1), *range(min(start, len(free) - count + 1))]:
        window = free[at : at + count]
        if all(one[0] == other[0] and one[1] + 1 == other[1] for one, other in pairwise(window)):
            return [seat[2] for seat in window]
    return [seat[2] for seat in free[:count]]


def fare(offer: Offer, class_code: str, percent: int, kind: str) -> tuple[int, list[dict[str, Any]]]:
    """The amount and how it came about."""
    in_class = (offer.segment * percent + 50) // 100
    amount = (in_class * _PERCENT[kind] + 50) // 100
    trace: list[dict[str, Any]] = [
        {"rule": "set_fare" if offer.is_set else "distance", "amount": offer.segment},
        {"rule": f"fare_class:{class_code}", "percent": percent, "amount": in_class},
    ]
    if amount != in_class:
        trace.append({"rule": f"passenger:{kind}", "percent": _PERCENT[kind], "amount": amount})
    return amount, trace


def fares(offer: Offer, class_code: str, percent: int, kinds: Sequence[str]) -> list[tuple[int, list[dict[str, Any]]]]:
    """One for each passenger."""
    return [fare(offer, class_code, percent, kind) for kind in kinds]
