"""Rules on values: the extension of a hold, children alone, corrections of names."""

from collections.abc import Collection, Sequence
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


#: A traveller's correction changes so many letters at most, fewer than half of each word: a ticket is not passed on.
_MOST_LETTERS = 3


def is_correction(old: str, new: str) -> bool:
    """Tell whether one name is the other with a few letters put right, or its words in another order."""
    before, after = old.casefold().split(), new.casefold().split()
    if len(before) != len(after):
        # A blank too many or too few, or a word glued to another.
        before, after = ["".join(before)], ["".join(after)]
    return _is_near(before, after) or _is_near(sorted(before), sorted(after))


def _is_near(before: Sequence[str], after: Sequence[str]) -> bool:
    """Tell whether words are others, one by one, but for a few letters."""
    distances = [_distance(old, new) for old, new in zip(before, after, strict=True)]
    fewer_than_half = all(
        2 * distance < max(len(old), len(new)) for distance, old, new in zip(distances, before, after, strict=True)
    )
    return fewer_than_half and sum(distances) <= _MOST_LETTERS


def _distance(one: str, other: str) -> int:
    """Return how many letters have to be added, left out or replaced (Levenshtein)."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        before, row = row, [number]
        for index, against in enumerate(other):
            row.append(min(before[index] + (letter != against), before[index + 1] + 1, row[index] + 1))
    return row[-1]
