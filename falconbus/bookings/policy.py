"""Rules on values: how long a hold may last."""

from datetime import datetime, timedelta

#: Beginning to pay keeps a hold alive for this long, ...
PAYMENT_WINDOW = timedelta(minutes=5)
#: ... but no more than this past its time, however often one begins.
MAX_EXTENSION = timedelta(minutes=15)


def extended_hold(expires_at: datetime, created_at: datetime, hold: timedelta, now: datetime) -> datetime:
    """Until when the seats are kept once a payment has begun."""
    return max(expires_at, min(now + PAYMENT_WINDOW, created_at + hold + MAX_EXTENSION))
