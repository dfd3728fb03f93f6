"""Dates, times and money as the traveller reads them."""

from datetime import datetime, timedelta
from typing import Protocol

from babel.dates import format_datetime

from falconbus.kit import money
from falconbus.messaging.document import Call, TravelDocument, TravelJourney

LANGUAGE = "en_ZA"


class Priced(Protocol):
    """What tells of money in one currency."""

    @property
    def currency(self) -> str: ...


def day(at: datetime) -> str:
    """`Friday 18 December 2026`."""
    return format_datetime(at, "EEEE d MMMM yyyy", locale=LANGUAGE)


def short_day(at: datetime) -> str:
    """`Fri 18 Dec`."""
    return format_datetime(at, "EEE d MMM", locale=LANGUAGE)


def clock_time(at: datetime) -> str:
    """`07:00`."""
    return format_datetime(at, "HH:mm", locale=LANGUAGE)


def zone(call: Call) -> str:
    """`Windhoek time`, by the city that the zone is named after."""
    return zone_of(call.at)


def zone_of(at: datetime) -> str:
    """The same, of a local time."""
    return f"{format_datetime(at, 'VVV', locale=LANGUAGE)} time"


def duration(length: timedelta) -> str:
    """`6 h 30 min`, on one line."""
    hours, minutes = divmod(round(length.total_seconds() / 60), 60)
    return f"{hours}\u00a0h\u00a0{minutes:02}\u00a0min" if hours else f"{minutes}\u00a0min"


def amount(value: int, document: Priced) -> str:
    """`R420.00`, in the document's currency."""
    return money.for_people(value, document.currency, LANGUAGE)


def places(journey: TravelJourney) -> tuple[str, str]:
    """From where to where: cities, or the stops' names for a ride within one."""
    origin, destination = journey.origin, journey.destination
    if origin.city == destination.city:
        return origin.name, destination.name
    return origin.city, destination.city


def trip(document: TravelDocument) -> str:
    """`Johannesburg to Durban, Fri 18 Dec 07:00, and back Sun 20 Dec 15:00`."""
    journeys = document.journeys
    origin, destination = places(journeys[0])
    words = f"{origin} to {destination}, {_departure(journeys[0])}"
    if len(journeys) == 2 and places(journeys[1]) == (destination, origin):
        return f"{words}, and back {_departure(journeys[1])}"
    if len(journeys) > 1:
        return f"{words}, and {len(journeys) - 1} more {'journey' if len(journeys) == 2 else 'journeys'}"
    return words


def _departure(journey: TravelJourney) -> str:
    return f"{short_day(journey.origin.at)} {clock_time(journey.origin.at)}"
