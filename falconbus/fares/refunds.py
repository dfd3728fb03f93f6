"""Refunds of cancelled tickets, by the steps that were in force when they were sold."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypedDict

from falconbus.platform.kit import money


class RefundStep(TypedDict):
    """So long before departure, or longer, so many percent of the fare come back."""

    minutes_before: int
    percent: int


#: Who is carried that much earlier or later than was sold may cancel free of charge.
MOVED_EARLIER, MOVED_LATER = timedelta(minutes=30), timedelta(hours=1)


def is_moved_far(sold: datetime, now: datetime) -> bool:
    """Tell whether a call that was sold for an instant is now so far from it that nobody need put up with it."""
    return sold - now >= MOVED_EARLIER or now - sold >= MOVED_LATER


#: Of what is sold from now on, the longest first; nearer to the departure nothing comes back.
STEPS: Sequence[RefundStep] = (
    {"minutes_before": 24 * 60, "percent": 90},
    {"minutes_before": 2 * 60, "percent": 50},
)


def steps_of_sale(*, refundable: bool) -> list[RefundStep]:
    """Return the steps that a sale keeps; none for what is not refundable."""
    return list(STEPS) if refundable else []


def refund(fare: int, steps: Sequence[RefundStep], *, departs_at: datetime, now: datetime) -> int:
    """Return the refund of a fare cancelled now, in the smallest unit."""
    ahead = departs_at - now
    percent = next((step["percent"] for step in steps if ahead >= timedelta(minutes=step["minutes_before"])), 0)
    return money.percent(fare, percent)
