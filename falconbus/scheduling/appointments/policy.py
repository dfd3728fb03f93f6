"""Rules of charters: how soon, how long, and what they may be asked with."""

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
    """In the future, and in the next two years."""
    if start <= now:
        raise StartInPast(pointer="/start")
    if start - now > HORIZON:
        raise Invalid("the start may be at most two years ahead", pointer="/start")


def time_needed(minutes: Iterable[int]) -> timedelta:
    """How long services take that are so many minutes long: one after the other, and at least a quarter of an hour."""
    return max(SHORTEST, timedelta(minutes=sum(minutes)))


def check_end(start: datetime, end: datetime, needed: timedelta, pointer: str = "/end") -> None:
    """After the start, late enough for the services, and within two weeks; `pointer`: what made it so."""
    if end <= start:
        raise EndBeforeStart(pointer=pointer)
    if end - start < needed:
        raise TooShort(f"it takes {needed.total_seconds() / 60:g} minutes or more", pointer=pointer)
    if end - start > LONGEST:
        raise Invalid("a charter lasts at most 14 days", pointer=pointer)


def get_currency(currencies: Iterable[str]) -> str:
    """The one currency of all services; MixedCurrencies."""
    found = set(currencies)
    if len(found) > 1:
        raise MixedCurrencies(pointer="/services")
    return found.pop()


def check_room(passengers: int, seats: int) -> None:
    if passengers > seats:
        raise BusTooSmall(f"the bus has {seats} seats", pointer="/passengers")
