"""Use cases of search."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from falconbus.fares import pricing
from falconbus.inventory.cache_tags import seats_tags
from falconbus.network import cache_tags, folding
from falconbus.platform.caching.response_cache import depends_on, memoized
from falconbus.platform.database.engine import AnyRow
from falconbus.platform.kit import clock
from falconbus.search import queries
from falconbus.search.cache_groups import SEARCH
from falconbus.search.errors import DateInPast, PlaceNotFound, SamePlace
from falconbus.timetable.errors import ScheduleNotFound

#: How many days after one without departures the next with some is looked for.
NEXT_DAYS = 31


@dataclass(frozen=True, slots=True)
class BookableFareClass:
    code: str
    name: str
    price: int
    seats: int


@dataclass(frozen=True, slots=True)
class Departure:
    """A schedule between a pair of stops, on a local day where one boards; its classes with room, cheapest first."""

    row: AnyRow
    day: date
    fare_classes: list[BookableFareClass]

    @property
    def rank(self) -> tuple[bool, timedelta, datetime]:
        """Return what the best of its pairs has least of: no room, then length of the ride, then time of boarding."""
        return not self.fare_classes, self.row.arrives_at - self.row.departs_at, self.row.departs_at


def find_stops(typed: str, *, page: int, page_size: int) -> tuple[Sequence[AnyRow], bool]:
    """Return a page of the stops that match the typed text, and whether there are more."""
    query = folding.search_query(typed)
    if typed and query is None:
        return [], False
    depends_on(cache_tags.STOPS, cache_tags.ROUTES)
    rows = queries.stops(query, typed, limit=page_size + 1, offset=(page - 1) * page_size)
    return rows[:page_size], len(rows) > page_size


@dataclass(frozen=True, slots=True)
class DayOfDepartures:
    """The departures of a day that have room, by time; without one the next day, within a month, that has some."""

    departures: list[Departure]
    next_date: date | None = None


def find_departures(origin: str, destination: str, day: date, passengers: int) -> DayOfDepartures:
    """Return the departures of a day with room for `passengers`; PlaceNotFound, SamePlace, DateInPast."""
    origins, destinations = find_places(origin, destination)
    now = clock.now()
    check_not_past(day, now, origins)
    departures = departures_between(origins, destinations, day, day, now, passengers)
    with_room = [departure for departure in departures if departure.fare_classes]
    if with_room:
        return DayOfDepartures(sorted(with_room, key=lambda departure: (departure.row.departs_at, departure.row.id)))
    first, last = day + timedelta(days=1), day + timedelta(days=NEXT_DAYS)
    later = departures_between(origins, destinations, first, last, now, passengers)
    return DayOfDepartures([], min((departure.day for departure in later if departure.fare_classes), default=None))


def find_places(origin: str, destination: str) -> tuple[list[AnyRow], list[AnyRow]]:
    """Return the stops that origin and destination name, by code or by city; PlaceNotFound, SamePlace."""
    names = f"{origin}\n{destination}"
    places = memoized(SEARCH, names, [cache_tags.STOPS], lambda: queries.places(origin, destination))
    origins, destinations = _stops_on_side(places, "origin"), _stops_on_side(places, "destination")
    if {row.id for row in origins} & {row.id for row in destinations}:
        raise SamePlace(pointer="destination")
    return origins, destinations


def departures_between(
    origins: Sequence[AnyRow],
    destinations: Sequence[AnyRow],
    first_day: date,
    last_day: date,
    now: datetime,
    passengers: int,
) -> Collection[Departure]:
    """Return the future departures of these local days, full ones too; on each day a schedule has one, its best pair.

    The answer that is being made depends on their seats.
    """
    depends_on(cache_tags.ROUTES, cache_tags.FLEET)
    from_ids, to_ids = [row.id for row in origins], [row.id for row in destinations]
    best: dict[tuple[int, date], Departure] = {}
    rows = queries.departures(from_ids, to_ids, first_day, last_day, now)
    depends_on(*seats_tags(rows))
    for row in rows:
        day = clock.local(row.departs_at, row.origin_zone).date()
        departure = Departure(row, day, _classes_with_room(row, passengers))
        if departure.rank < best.setdefault((row.id, day), departure).rank:
            best[row.id, day] = departure
    return best.values()


def get_calls(schedule_id: int) -> Sequence[AnyRow]:
    """Return the stops of a schedule with their times; ScheduleNotFound."""
    calls = queries.calls(schedule_id)
    if not calls:
        raise ScheduleNotFound
    return calls


def check_not_past(day: date, now: datetime, origins: Iterable[AnyRow]) -> None:
    if all(day < clock.local(now, row.time_zone).date() for row in origins):
        raise DateInPast(pointer="date")


def _stops_on_side(places: Sequence[AnyRow], side: str) -> list[AnyRow]:
    """Return the stop with that code, else all stops of that city; PlaceNotFound."""
    rows = [row for row in places if row.side == side]
    by_code = [row for row in rows if row.by_code]
    if not rows:
        raise PlaceNotFound(pointer=side)
    return by_code or rows


def _classes_with_room(row: AnyRow, passengers: int) -> list[BookableFareClass]:
    segment_price = pricing.segment_price(row.base_price, row.distance_m, row.route_distance_m, row.set_price)
    fare_classes = [
        BookableFareClass(code, name, pricing.class_price(segment_price, percent), free)
        for code, name, percent, free in row.fare_classes or ()
        if free >= passengers
    ]
    return sorted(fare_classes, key=lambda fare_class: (fare_class.price, fare_class.code))
