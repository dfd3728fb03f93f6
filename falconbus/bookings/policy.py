"""Rules on values: the extension of a hold, children alone."""

from collections.abc import Collection
from datetime import datetime, timedelta

from falconbus.fares.passenger_types import PassengerType

#: A started payment keeps a hold alive for this long, ...
PAYMENT_WINDOW = timedelta(minutes=5)
#: ... but at most this long past its regular end, however many payments are started.
MAX_EXTENSION = timedelta(minutes=15)


def extended_hold(expires_at: datetime, created_at: datetime, hold: timedelta, now: datetime) -> datetime:
    """Return until when a hold lasts once a payment has begun."""
    return max(expires_at, min(now + PAYMENT_WINDOW, created_at + hold + MAX_EXTENSION))


def leaves_children_alone(going: Collection[PassengerType], staying: Collection[PassengerType]) -> bool:
    """Tell whether only children stay on a journey when somebody else goes."""
    return set(staying) == {"child"} and bool(set(going) - {"child"})
