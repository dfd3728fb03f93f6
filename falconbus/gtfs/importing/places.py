"""Builds our stops from the feed's: a bay carries its station's name, a name tells the city."""

import math
import re
from typing import NamedTuple

from falconbus.gtfs.importing.database import copy_rows, execute
from falconbus.network.folding import place_key

_MAX_NAME_LENGTH = 200
_SEPARATOR = re.compile(r",| [-\u2013\u2014] ")
_KNOWN_CITY_KM = 50
_DEGREE_KM = 111.2

_NAMED = """
    SELECT x.line, regexp_replace(x.stop_name, '\\s+', ' ', 'g') AS name,
           regexp_replace(station.stop_name, '\\s+', ' ', 'g') AS station, x.platform_code AS bay,
           x.stop_lat::float8 AS latitude, x.stop_lon::float8 AS longitude
    FROM feed_stops AS x LEFT JOIN feed_stops AS station ON station.stop_id = x.parent_station
    WHERE coalesce(x.location_type, '0') = '0' ORDER BY x.line
"""

_OTHER_CITIES = "SELECT DISTINCT ON (city) city, latitude, longitude FROM stops WHERE name <> city ORDER BY city, id"

# The zone of a stop is its own, its station's, or that of the agency whose coaches call there.
_PLACES = """
    CREATE TEMPORARY TABLE feed_places ON COMMIT DROP AS
    WITH calling AS (
        SELECT DISTINCT ON (stop) call.stop, agency.agency_timezone
        FROM feed_pattern_stops AS call
        JOIN feed_patterns AS pattern USING (pattern)
        JOIN feed_routes AS route ON route.line = pattern.route
        JOIN feed_agency AS agency ON route.agency_id IS NULL OR agency.agency_id = route.agency_id
        ORDER BY stop, agency.line
    )
    SELECT x.line, :feed || ':' || x.stop_id AS feed_key, upper(x.stop_code) AS stop_code, named.name, named.city,
           left(coalesce(regexp_replace(nullif(x.stop_desc, x.stop_name), '\\s+', ' ', 'g'), ''), 300) AS description,
           x.zone_id, x.stop_lat::float8 AS latitude, x.stop_lon::float8 AS longitude,
           coalesce(x.stop_timezone, station.stop_timezone, calling.agency_timezone, :zone) AS time_zone
    FROM feed_names AS named
    JOIN feed_stops AS x USING (line)
    LEFT JOIN feed_stops AS station ON station.stop_id = x.parent_station
    LEFT JOIN calling ON calling.stop = x.line
"""


class Position(NamedTuple):
    """Degrees; None where the feed has none."""

    latitude: float | None
    longitude: float | None

    def is_near(self, other: "Position") -> bool:
        """Tell whether the other is as near as a city's stops are; unknown positions are."""
        if self.latitude is None or self.longitude is None or other.latitude is None or other.longitude is None:
            return True
        east = (self.longitude - other.longitude) * math.cos(math.radians(self.latitude))
        return math.hypot(east, self.latitude - other.latitude) * _DEGREE_KM <= _KNOWN_CITY_KM


class Cities:
    """The cities that names tell: up to a comma or a dash, else up to where a city known by then and near ends."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, Position]] = {}

    def learn(self, name: str, position: Position) -> None:
        """Know the city of a name that has a separator."""
        city = _SEPARATOR.split(name, maxsplit=1)[0].strip()
        if city and city != name:
            self.add(city, position)

    def add(self, city: str, position: Position) -> None:
        self._known.setdefault(place_key(city), (city, position))

    def find(self, name: str, position: Position) -> str:
        """Return the city of a stop or a station."""
        words = [] if _SEPARATOR.search(name) else place_key(name).split()
        for length in range(len(words) - 1, 0, -1):
            city, centre = self._known.get(" ".join(words[:length]), ("", position))
            if city and position.is_near(centre):
                return city
        return _SEPARATOR.split(name, maxsplit=1)[0].strip() or name


def full_name(name: str, station: str | None, bay: str | None) -> str:
    """Return a stop's name as it is to be found: with its station's, and its bay's, where it does not say them."""
    said, carried = set(place_key(name).split()), set(place_key(station or "").split())
    if station and said <= carried:
        name = station
    elif station and not said & carried:
        name = f"{station}, {name}"
    if bay and not set(place_key(bay).split()) <= set(place_key(name).split()):
        name = f"{name} ({bay})"
    return name[:_MAX_NAME_LENGTH]


def make_places(feed: str, zone: str) -> None:
    """Fill feed_places, our stops."""
    named = execute(_NAMED).all()
    cities = Cities()
    for row in named:
        cities.learn(row.station or row.name, Position(row.latitude, row.longitude))
    for row in execute(_OTHER_CITIES):
        cities.add(row.city, Position(row.latitude, row.longitude))
    execute("CREATE TEMPORARY TABLE feed_names (line int PRIMARY KEY, name text, city text) ON COMMIT DROP")
    copy_rows(
        "feed_names",
        ("line", "name", "city"),
        (
            (
                row.line,
                full_name(row.name, row.station, row.bay),
                cities.find(row.station or row.name, Position(row.latitude, row.longitude)),
            )
            for row in named
        ),
    )
    execute(_PLACES, feed=feed, zone=zone)
