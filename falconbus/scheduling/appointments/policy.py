"""Rules of charters: start, duration, currency, number of passengers."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from falconbus.platform.kit.errors import Invalid
from falconbus.scheduling.appointments.errors import (
    BusTooSmall,
    EndBeforeStart,
    MixedCurrencies,
    StartInPast,
    TooShort,
)

SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(days=14)
#: How far ahead a charter may begin.
HORIZON = timedelta(days=731)


def check_start(start: datetime, now: datetime) -> None:
    """Check that a start is in the future, within two years; StartInPast, Invalid."""
    if start <= now:
        raise StartInPast(pointer="/start")
    if start - now > HORIZON:
        raise Invalid("the start may be at most two years ahead", pointer="/start")


def time_needed(minutes: Iterable[int]) -> timedelta:
    """Return the time that services need one after the other, by their durations in minutes; at least 15 minutes."""
    return max(SHORTEST, timedelta(minutes=sum(minutes)))


def check_end(start: datetime, end: datetime, needed: timedelta, pointer: str = "/end") -> None:
    """Check that an end is after the start, late enough for the services, and within two weeks.

    `pointer`: the field that determined the end. EndBeforeStart, TooShort, Invalid.
    """
    if end <= start:
        raise EndBeforeStart(pointer=pointer)
    if end - start < needed:
        raise TooShort(f"it takes {needed.total_seconds() / 60:g} minutes or more", pointer=pointer)
    if end - start > LONGEST:
        raise Invalid("a charter lasts at most 14 days", pointer=pointer)


def get_currency(currencies: Iterable[str]) -> str:
    """Return the one currency of all services; MixedCurrencies."""
    distinct = set(currencies)
    if len(distinct) > 1:
        raise MixedCurrencies(pointer="/services")
    return distinct.pop()


def check_room(passengers: int, seats: int) -> None:
    if passengers > seats:
        raise BusTooSmall(f"the bus has {seats} seats", pointer="/passengers")
