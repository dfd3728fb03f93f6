"""In-seat transfers: trips that one coach runs one after the other, without anybody leaving it, become one ride.

`transfers.txt` says so with transfer_type 4 (gtfs.org, "Linked trips"). So does a block, which is one vehicle, but its
coach may turn back: there a trip is joined only where it goes on, soon, from where the one before ends, away from where
it began, and to places where it has not been.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import cos, dist, radians, sin
from typing import Any

from falconbus.gtfs.importing.database import analyze, copy_rows, execute
from falconbus.gtfs.importing.likeness import folded
from falconbus.gtfs.report import Report

#: Seconds that a block's coach may wait with its travellers on board.
_LONGEST_WAIT = 30 * 60

_ANY = """
    SELECT EXISTS (SELECT FROM feed_trips WHERE block_id IS NOT NULL)
        OR EXISTS (SELECT FROM feed_transfers WHERE transfer_type = '4')
"""
_ENDS = """
    CREATE TEMPORARY TABLE feed_ends ON COMMIT DROP AS
    SELECT trip.line AS trip, trip.trip_id, trip.service_id, trip.block_id, begin.stop AS first_stop,
           begin.departure AS begins, finish.stop AS last_stop, finish.arrival AS ends, finish.position AS last
    FROM feed_trips AS trip
    JOIN (SELECT trip, max(position) AS last FROM feed_calls GROUP BY trip HAVING count(*) >= 2) AS way
        ON way.trip = trip.line
    JOIN feed_calls AS begin ON begin.trip = trip.line AND begin.position = 0
    JOIN feed_calls AS finish ON finish.trip = trip.line AND finish.position = way.last
    WHERE trip.trip_id NOT IN (SELECT trip_id FROM feed_frequencies)
      AND (trip.block_id IS NOT NULL OR trip.trip_id IN (
          SELECT unnest(ARRAY[from_trip_id, to_trip_id]) FROM feed_transfers WHERE transfer_type = '4'))
"""
# Where a vehicle is divided or coupled no ride is the continuation: those are left as they are.
_LINKS = f"""
    CREATE TEMPORARY TABLE feed_links ON COMMIT DROP AS
    WITH stated AS (
        SELECT DISTINCT ends.trip AS from_trip, goes_on.trip AS to_trip FROM feed_transfers AS transfer
        JOIN feed_ends AS ends ON ends.trip_id = transfer.from_trip_id
        JOIN feed_ends AS goes_on ON goes_on.trip_id = transfer.to_trip_id AND goes_on.service_id = ends.service_id
            AND goes_on.begins >= ends.ends
        WHERE transfer.transfer_type = '4'
    ), single AS (
        SELECT * FROM (SELECT *, count(*) OVER (PARTITION BY from_trip) AS parts,
                              count(*) OVER (PARTITION BY to_trip) AS origins FROM stated) AS counted
        WHERE parts = 1 AND origins = 1
    ), block AS (
        SELECT trip AS from_trip, lead(trip) OVER (PARTITION BY block_id, service_id ORDER BY begins, trip) AS to_trip
        FROM feed_ends WHERE block_id IS NOT NULL
    ), link AS (
        SELECT from_trip, to_trip, true AS is_stated FROM single
        UNION ALL
        SELECT from_trip, to_trip, false FROM block
        WHERE from_trip NOT IN (SELECT from_trip FROM stated) AND to_trip NOT IN (SELECT to_trip FROM stated)
          AND NOT EXISTS (SELECT FROM feed_transfers AS transfer
                          JOIN feed_ends AS ends ON ends.trip_id = transfer.from_trip_id
                          JOIN feed_ends AS goes_on ON goes_on.trip_id = transfer.to_trip_id
                          WHERE transfer.transfer_type = '5' AND ends.trip = from_trip AND goes_on.trip = to_trip)
    )
    SELECT from_trip, to_trip, is_stated, ends.last_stop = goes_on.first_stop AS at_one_stop
    FROM link
    JOIN feed_ends AS ends ON ends.trip = from_trip
    JOIN feed_ends AS goes_on ON goes_on.trip = to_trip
    JOIN feed_stops AS here ON here.line = ends.last_stop
    JOIN feed_stops AS there ON there.line = goes_on.first_stop
    WHERE is_stated OR (goes_on.begins - ends.ends BETWEEN 0 AND {_LONGEST_WAIT}
                        AND (here.line = there.line OR here.parent_station = there.parent_station))
"""  # noqa: S608  a number
_JOINED = """
    CREATE TEMPORARY TABLE feed_joined (trip int, head int, previous int, shift int, at_one_stop boolean)
    ON COMMIT DROP
"""
_PLACES = f"""
    SELECT call.trip, array_agg({folded("stop.stop_name")} ORDER BY position) AS names,
           (array_agg(stop.stop_lat::float8 ORDER BY position))[1] AS first_lat,
           (array_agg(stop.stop_lon::float8 ORDER BY position))[1] AS first_lon,
           (array_agg(stop.stop_lat::float8 ORDER BY position DESC))[1] AS last_lat,
           (array_agg(stop.stop_lon::float8 ORDER BY position DESC))[1] AS last_lon
    FROM feed_calls AS call JOIN feed_stops AS stop ON stop.line = call.stop
    WHERE call.trip IN (SELECT from_trip FROM feed_links UNION SELECT to_trip FROM feed_links) GROUP BY call.trip
"""  # noqa: S608
# One call where it stops at the same place, else two: nobody rides from the one to the other.
_JUNCTIONS = (
    """
    UPDATE feed_calls AS ending SET boards = joined.at_one_stop AND start.boards,
        departure = CASE WHEN joined.at_one_stop THEN start.departure ELSE ending.departure END
    FROM feed_joined AS joined JOIN feed_calls AS start ON start.trip = joined.trip AND start.position = 0
    JOIN feed_ends AS ends ON ends.trip = joined.previous
    WHERE ending.trip = joined.previous AND ending.position = ends.last
    """,
    """
    UPDATE feed_calls AS start SET alights = false FROM feed_joined AS joined
    WHERE start.trip = joined.trip AND start.position = 0 AND NOT joined.at_one_stop
    """,
    """
    DELETE FROM feed_calls AS start USING feed_joined AS joined
    WHERE start.trip = joined.trip AND start.position = 0 AND joined.at_one_stop
    """,
    """
    UPDATE feed_calls AS call SET trip = joined.head, position = call.position + joined.shift
    FROM feed_joined AS joined WHERE call.trip = joined.trip
    """,
)
_HEADSIGNS = """
    UPDATE feed_trips AS head SET trip_headsign = last.trip_headsign
    FROM (SELECT DISTINCT ON (head) head, trip FROM feed_joined ORDER BY head, shift DESC) AS joined
    JOIN feed_trips AS last ON last.line = joined.trip
    WHERE head.line = joined.head AND last.trip_headsign IS NOT NULL
"""
# The route of each part after the first, by the positions where it begins and where the one before ends.
_PARTS = """
    CREATE TEMPORARY TABLE feed_parts ON COMMIT DROP AS
    SELECT joined.head, joined.shift AS begins, joined.shift - (NOT joined.at_one_stop)::int AS ended,
           route.line AS route
    FROM feed_joined AS joined
    JOIN feed_trips AS trip ON trip.line = joined.trip
    JOIN feed_routes AS route USING (route_id)
"""


@dataclass
class _Place:
    """Where a trip calls: the names of its stops, and its first and last position as points on the unit sphere."""

    names: list[str]
    first: tuple[float, ...]
    last: tuple[float, ...]

    @classmethod
    def of(cls, row: Any) -> "_Place":
        return cls(row.names, _point(row.first_lat, row.first_lon), _point(row.last_lat, row.last_lon))


@dataclass
class _Ride:
    """Trips joined so far, from the first one on: what has been called at, and how many calls there are."""

    head: int
    first: tuple[float, ...]
    last_trip: int
    last: tuple[float, ...]
    calls: int
    names: set[str] = field(default_factory=set)

    def goes_on_with(self, place: _Place) -> bool:
        """Tell whether a block's next trip leads on: to new places, farther from the beginning."""
        is_away = dist(self.first, place.last) > dist(self.first, self.last)
        return is_away and self.names.isdisjoint(place.names[1:])


def join_rides(report: Report) -> None:
    """Put the calls of trips that go on without a change behind those of the trip before, and note how many."""
    execute(_JOINED)
    if execute(_ANY).scalar_one():
        execute(_ENDS)
        analyze("feed_ends")
        execute(_LINKS)
        columns = ("trip", "head", "previous", "shift", "at_one_stop")
        copy_rows("feed_joined", columns, list(_chain()))
    execute(_PARTS)
    count = execute("SELECT count(*) FROM feed_joined").scalar_one()
    if count == 0:
        return
    analyze("feed_joined", "feed_parts")
    for statement in (*_JUNCTIONS, _HEADSIGNS):
        execute(statement)
    execute("DELETE FROM feed_trips WHERE line IN (SELECT trip FROM feed_joined)")
    analyze("feed_calls", "feed_trips")
    report.note(f"{count} trips go on from others without a change: they are sold as one ride")


def _chain() -> Iterator[tuple[int, int, int, int, bool]]:
    """Yield each trip to join: itself, the first trip of its ride, the one before, by how much its positions shift."""
    places = {row.trip: _Place.of(row) for row in execute(_PLACES)}
    links = {row.from_trip: row for row in execute("SELECT * FROM feed_links")}
    waiting = sorted(links.keys() - {link.to_trip for link in links.values()})
    for head in waiting:
        place = places[head]
        ride = _Ride(head, place.first, head, place.last, len(place.names), set(place.names))
        while link := links.get(ride.last_trip):
            place = places[link.to_trip]
            if not (link.is_stated or ride.goes_on_with(place)):
                waiting.append(link.to_trip)
                break
            shift = ride.calls - link.at_one_stop
            yield link.to_trip, ride.head, ride.last_trip, shift, link.at_one_stop
            ride.last_trip, ride.last, ride.calls = link.to_trip, place.last, shift + len(place.names)
            ride.names.update(place.names)


def _point(latitude: float, longitude: float) -> tuple[float, ...]:
    """Return a point on the unit sphere: the straight way between two grows with that over the ground."""
    north, east = radians(latitude), radians(longitude)
    return cos(north) * cos(east), cos(north) * sin(east), sin(north)
