"""Refunds of cancelled tickets."""

from datetime import datetime, timedelta

from falconbus.platform.kit import money

#: Time before departure -> percent of the fare that comes back.
REFUND_STEPS = ((timedelta(hours=24), 90), (timedelta(hours=2), 50), (timedelta(0), 0))


def refund(fare: int, *, refundable: bool, departs_at: datetime, now: datetime) -> int:
    """Return the refund of a fare cancelled now, in the smallest unit."""
    if not refundable:
        return 0
    percent = next((percent for ahead, percent in REFUND_STEPS if departs_at - now >= ahead), 0)
    return money.percent(fare, percent)
