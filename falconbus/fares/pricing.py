"""Prices in the currency's smallest unit: of a segment, of a fare class, of a ticket with its rule trace."""

from dataclasses import dataclass
from typing import Any

from falconbus.fares import passenger_types
from falconbus.fares.passenger_types import PassengerType
from falconbus.platform.kit import money

#: Metres that a ride by distance costs at least.
SHORTEST_PRICED_M = 5_000


@dataclass(frozen=True, slots=True)
class Fare:
    """A price in the currency's smallest unit, with its rule trace: one step a rule."""

    amount: int
    trace: list[dict[str, Any]]


def segment_price(base_price: int, distance_m: int, route_distance_m: int, set_price: int | None) -> int:
    """Return the price of a segment: the one set for it, else the base price in proportion to distance, half up.

    Shorter segments cost what five kilometres do: two stops across a street are no free ride.
    """
    if set_price is not None:
        return set_price
    distance_m = max(distance_m, min(SHORTEST_PRICED_M, route_distance_m))
    return (base_price * distance_m * 2 + route_distance_m) // (2 * route_distance_m)


def class_price(segment_amount: int, class_percent: int) -> int:
    """Return the adult price of a fare class on a segment."""
    return money.percent(segment_amount, class_percent)


def ticket_fare(
    segment_amount: int, *, price_is_set: bool, class_code: str, class_percent: int, passenger_type: PassengerType
) -> Fare:
    """Return the fare of one ticket with its rule trace."""
    class_amount = class_price(segment_amount, class_percent)
    share = passenger_types.PERCENT[passenger_type]
    amount = money.percent(class_amount, share)
    trace: list[dict[str, Any]] = [
        {"rule": "set_fare" if price_is_set else "distance", "amount": segment_amount},
        {"rule": f"fare_class:{class_code}", "percent": class_percent, "amount": class_amount},
    ]
    if amount != class_amount:
        trace.append({"rule": f"passenger:{passenger_type}", "percent": share, "amount": amount})
    return Fare(amount, trace)
