"""Rules on values: how long a hold may last, and what comes back when a ticket is cancelled."""

from datetime import datetime, timedelta

from falconbus.platform.kit import money

#: Beginning to pay keeps a hold alive for this long, ...
PAYMENT_WINDOW = timedelta(minutes=5)
#: ... but no more than this past its time, however often one begins.
LONGEST_EXTENSION = timedelta(minutes=15)

#: Time before departure -> percent of the fare that comes back.
REFUND_STEPS = ((timedelta(hours=24), 90), (timedelta(hours=2), 50), (timedelta(0), 0))


def extended_hold(expires_at: datetime, created_at: datetime, hold: timedelta, now: datetime) -> datetime:
    """Until when the seats are kept once a payment has begun."""
    return max(expires_at, min(now + PAYMENT_WINDOW, created_at + hold + LONGEST_EXTENSION))


def refund(fare: int, *, refundable: bool, departs_at: datetime, now: datetime) -> int:
    """What comes back of a fare, in the smallest unit."""
    if not refundable:
        return 0
    percent = next((percent for ahead, percent in REFUND_STEPS if departs_at - now >= ahead), 0)
    return money.percent(fare, percent)
