"""What a stretch, a class and a ticket cost, to the smallest unit, and the steps that say why."""

from typing import get_args

import pytest

from falconbus.fares import passenger_types, pricing
from falconbus.fares.passenger_types import PassengerType


@pytest.mark.parametrize(
    ("base_price", "distance_m", "route_distance_m", "price"),
    [
        (1000, 10_000, 40_000, 250),
        (1000, 10_000, 30_000, 333),
        (1000, 20_000, 30_000, 667),
        (5, 10_000, 20_000, 3),
        (0, 10_000, 20_000, 0),
        (42000, 7, 7, 42000),
        # Five kilometres at the least, where the route is longer.
        (4000, 400, 40_000, 500),
    ],
)
def test_a_stretch_costs_its_share_of_the_way_half_up(
    base_price: int, distance_m: int, route_distance_m: int, price: int
) -> None:
    assert pricing.segment_price(base_price, distance_m, route_distance_m, None) == price


@pytest.mark.parametrize("set_price", [0, 150])
def test_the_operators_own_price_comes_before_the_distance(set_price: int) -> None:
    assert pricing.segment_price(1000, 1, 2, set_price) == set_price


@pytest.mark.parametrize(
    ("passenger_type", "amount"), [("adult", 22575), ("student", 20318), ("senior", 19189), ("child", 11288)]
)
def test_each_type_of_passenger_pays_its_share_of_the_class(passenger_type: PassengerType, amount: int) -> None:
    fare = pricing.ticket_fare(
        15050, price_is_set=True, class_code="comfort", class_percent=150, passenger_type=passenger_type
    )
    assert fare.amount == amount
    assert fare.trace[-1]["amount"] == amount


def test_every_type_of_passenger_has_a_share() -> None:
    assert set(get_args(PassengerType)) == set(passenger_types.PERCENT)


def test_a_ticket_keeps_the_steps_of_its_fare() -> None:
    fare = pricing.ticket_fare(
        15050, price_is_set=True, class_code="comfort", class_percent=150, passenger_type="child"
    )
    assert fare.trace == [
        {"rule": "set_fare", "amount": 15050},
        {"rule": "fare_class:comfort", "percent": 150, "amount": 22575},
        {"rule": "passenger:child", "percent": 50, "amount": 11288},
    ]


def test_a_type_that_pays_in_full_leaves_no_step() -> None:
    fare = pricing.ticket_fare(
        100, price_is_set=False, class_code="standard", class_percent=100, passenger_type="adult"
    )
    assert [step["rule"] for step in fare.trace] == ["distance", "fare_class:standard"]


def test_a_ride_by_distance_costs_five_kilometres_or_the_whole_way_at_least() -> None:
    assert pricing.segment_price(30000, 330, 300_000, None) == 500
    assert pricing.segment_price(400, 330, 330, None) == 400
    assert pricing.segment_price(30000, 330, 300_000, 0) == 0
