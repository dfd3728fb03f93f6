"""What comes back of a fare: by the time that is left, to the second."""

from datetime import UTC, datetime, timedelta

import pytest

from falconbus.fares import refunds

DEPARTURE = datetime(2026, 12, 18, 6, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("ahead", "amount"),
    [
        (timedelta(days=30), 270),
        (timedelta(hours=24), 270),
        (timedelta(hours=24) - SECOND, 150),
        (timedelta(hours=2), 150),
        (timedelta(hours=2) - SECOND, 0),
        (-SECOND, 0),
    ],
)
def test_the_nearer_the_departure_the_less_comes_back(ahead: timedelta, amount: int) -> None:
    assert refunds.refund(300, refunds.STEPS, departs_at=DEPARTURE, now=DEPARTURE - ahead) == amount


def test_a_half_goes_to_the_traveller() -> None:
    assert refunds.refund(101, refunds.STEPS, departs_at=DEPARTURE, now=DEPARTURE - timedelta(hours=3)) == 51


def test_a_class_that_is_not_refundable_gives_nothing_back() -> None:
    steps = refunds.steps_of_sale(refundable=False)
    assert refunds.refund(300, steps, departs_at=DEPARTURE, now=DEPARTURE - timedelta(days=30)) == 0
