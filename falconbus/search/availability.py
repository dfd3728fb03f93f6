"""The calendar of a month: from what price, and with how many seats, each day can be travelled."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.search import service
from falconbus.search.service import Departure


@dataclass(frozen=True, slots=True)
class Price:
    """An amount in the smallest unit of a currency."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class DayAvailability:
    """A day: the cheapest price with room for the party, the departures on sale, the seats that a search would show.

    All is None on a day that is over, the price where there is no room.
    """

    day: date
    cheapest: Price | None = None
    departures: int | None = None
    seats: int | None = None


def find_month(origin: str, destination: str, first_day: date, passengers: int) -> list[DayAvailability]:
    """Return every day of the month that begins with `first_day`; PlaceNotFound, SamePlace."""
    origins, destinations = service.find_places(origin, destination)
    days = _days_of_month(first_day)
    now = clock.now()
    first_open = min(clock.local(now, stop.time_zone).date() for stop in origins)
    if days[-1] < first_open:
        return [DayAvailability(day) for day in days]
    departures = service.departures_between(origins, destinations, days[0], days[-1], now, passengers)
    by_day: dict[date, list[Departure]] = {day: [] for day in days if day >= first_open}
    for departure in departures:
        by_day[departure.day].append(departure)
    own = get_settings().currency
    return [_sum_up(day, by_day[day], own) if day in by_day else DayAvailability(day) for day in days]


def _days_of_month(first_day: date) -> Sequence[date]:
    following = (first_day + timedelta(days=31)).replace(day=1)
    return [first_day + timedelta(days=number) for number in range((following - first_day).days)]


def _sum_up(day: date, departures: Collection[Departure], own_currency: str) -> DayAvailability:
    """Return what a day offers; amounts of other currencies come after those of the operator's own."""
    with_room = [departure for departure in departures if departure.fare_classes]
    prices = [Price(departure.fare_classes[0].price, departure.row.currency) for departure in with_room]
    cheapest = min(
        prices, key=lambda price: (price.currency != own_currency, price.currency, price.amount), default=None
    )
    seats = sum(departure.fare_classes[0].seats for departure in with_room)
    return DayAvailability(day, cheapest, len(departures), seats)
