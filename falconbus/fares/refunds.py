"""Refunds of cancelled tickets."""

from datetime import datetime, timedelta

from falconbus.platform.kit import money

#: Time before departure -> percent of the fare that comes back.
REFUND_STEPS = ((timedelta(hours=24), 90), (timedelta(hours=2), 50), (timedelta(0), 0))

#: Who is carried that much earlier or later than was sold may cancel free of charge.
MOVED_EARLIER, MOVED_LATER = timedelta(minutes=30), timedelta(hours=1)


def is_moved_far(sold: datetime, now: datetime) -> bool:
    """Tell whether a call that was sold for an instant is now so far from it that nobody need put up with it."""
    return sold - now >= MOVED_EARLIER or now - sold >= MOVED_LATER


def refund(fare: int, *, refundable: bool, departs_at: datetime, now: datetime) -> int:
    """Return the refund of a fare cancelled now, in the smallest unit."""
    if not refundable:
        return 0
    percent = next((percent for ahead, percent in REFUND_STEPS if departs_at - now >= ahead), 0)
    return money.percent(fare, percent)
