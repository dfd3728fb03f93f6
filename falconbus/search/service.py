"""Finding stops and departures."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from falconbus.fares import pricing
from falconbus.inventory.cache_tags import seats_tag
from falconbus.network import cache_tags
from falconbus.platform.caching.response_cache import depends_on, memoized
from falconbus.platform.database.engine import AnyRow
from falconbus.platform.kit import clock
from falconbus.search import queries
from falconbus.search.cache_groups import SEARCH
from falconbus.search.errors import DateInPast, PlaceNotFound, SamePlace
from falconbus.timetable.errors import ScheduleNotFound


@dataclass(frozen=True, slots=True)
class ClassOnDeparture:
    code: str
    name: str
    price: int
    seats: int


@dataclass(frozen=True, slots=True)
class Departure:
    """One schedule between the best pair of its stops; `fare_classes` have room, cheapest first."""

    row: AnyRow
    fare_classes: list[ClassOnDeparture]


def find_stops(typed: str, *, page: int, page_size: int) -> tuple[Sequence[AnyRow], bool]:
    """A page of the stops that match what somebody has typed so far, and whether there are more."""
    words = re.findall(r"\w+", _without_accents(typed).lower())
    if typed and not words:
        return [], False
    depends_on(cache_tags.STOPS)
    query = " & ".join(f"'{word}':*" for word in words) or None
    rows = queries.stops(query, typed, limit=page_size + 1, offset=(page - 1) * page_size)
    return rows[:page_size], len(rows) > page_size


def find_departures(origin: str, destination: str, day: date, passengers: int) -> list[Departure]:
    """Departures with room for so many, in order of time; PlaceNotFound, SamePlace, DateInPast."""
    depends_on(cache_tags.LINES, cache_tags.FLEET)
    names = f"{origin}\n{destination}"
    found = memoized(SEARCH, names, [cache_tags.STOPS], lambda: queries.places(origin, destination))
    origins, destinations = _stops_of(found, "origin"), _stops_of(found, "destination")
    from_ids, to_ids = [row.id for row in origins], [row.id for row in destinations]
    if set(from_ids) & set(to_ids):
        raise SamePlace(pointer="destination")
    now = clock.now()
    check_not_past(day, now, origins)
    best: dict[int, Departure] = {}
    for row in queries.departures(from_ids, to_ids, day, now):
        depends_on(seats_tag(row.route_id, row.departure_time))
        fare_classes = _classes_with_room(row, passengers)
        if fare_classes and (row.id not in best or _is_better(row, best[row.id].row)):
            best[row.id] = Departure(row, fare_classes)
    return sorted(best.values(), key=lambda departure: (departure.row.departs_at, departure.row.id))


def get_calls(schedule_id: int) -> Sequence[AnyRow]:
    """The stops of a schedule with their times; ScheduleNotFound."""
    calls = queries.calls(schedule_id)
    if not calls:
        raise ScheduleNotFound
    return calls


def check_not_past(day: date, now: datetime, origins: Iterable[AnyRow]) -> None:
    if all(day < clock.local(now, row.time_zone).date() for row in origins):
        raise DateInPast(pointer="date")


def _stops_of(found: Sequence[AnyRow], side: str) -> list[AnyRow]:
    """A stop's code names that stop alone; else it is a city with all its stops."""
    rows = [row for row in found if row.side == side]
    by_code = [row for row in rows if row.by_code]
    if not rows:
        raise PlaceNotFound(pointer=side)
    return by_code or rows


def _classes_with_room(row: AnyRow, passengers: int) -> list[ClassOnDeparture]:
    segment = pricing.segment_price(row.base_price, row.distance_m, row.route_distance_m, row.set_price)
    offered = [
        ClassOnDeparture(code, name, pricing.class_price(segment, percent), free)
        for code, name, percent, free in row.fare_classes or ()
        if free >= passengers
    ]
    return sorted(offered, key=lambda offer: (offer.price, offer.code))


def _is_better(row: AnyRow, other: AnyRow) -> bool:
    """The shorter ride between the two places, then the earlier boarding."""
    return (row.arrives_at - row.departs_at, row.departs_at) < (other.arrives_at - other.departs_at, other.departs_at)


def _without_accents(typed: str) -> str:
    decomposed = unicodedata.normalize("NFKD", typed)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
