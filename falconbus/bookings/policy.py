"""Rules on values: the extension of a hold, children alone, corrections of names."""

from collections.abc import Collection
from datetime import datetime, timedelta

from falconbus.fares.passenger_types import PassengerType

#: A started payment keeps a hold alive for this long, ...
PAYMENT_WINDOW = timedelta(minutes=5)
#: ... but at most this long past its regular end, however many payments are started.
MAX_EXTENSION = timedelta(minutes=15)


#: A traveller's correction changes so many letters at most, and fewer than half of the name: a ticket is not passed on.
_MOST_LETTERS = 3


def extended_hold(expires_at: datetime, created_at: datetime, hold: timedelta, now: datetime) -> datetime:
    """Return until when a hold lasts once a payment has begun."""
    return max(expires_at, min(now + PAYMENT_WINDOW, created_at + hold + MAX_EXTENSION))


def leaves_children_alone(going: Collection[PassengerType], staying: Collection[PassengerType]) -> bool:
    """Tell whether only children stay on a journey when somebody else goes."""
    return set(staying) == {"child"} and bool(set(going) - {"child"})


def is_correction(old: str, new: str) -> bool:
    """Tell whether one name is the other with a few letters put right, or its words in another order."""
    before, after = (" ".join(sorted(name.casefold().split())) for name in (old, new))
    return _distance(before, after) <= min(_MOST_LETTERS, (len(before) - 1) // 2)


def _distance(one: str, other: str) -> int:
    """Return how many letters have to be added, left out or replaced (Levenshtein)."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        before, row = row, [number]
        for index, against in enumerate(other):
            row.append(min(before[index] + (letter != against), before[index + 1] + 1, row[index] + 1))
    return row[-1]
