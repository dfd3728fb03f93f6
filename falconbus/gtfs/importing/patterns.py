"""Builds stop patterns: each distinct sequence of stops of a GTFS route becomes a route of ours."""

from falconbus.gtfs.importing.calls import GREAT_CIRCLE
from falconbus.gtfs.importing.database import analyze, execute
from falconbus.gtfs.importing.places import make_places
from falconbus.gtfs.report import Report

#: Roads are longer than great circles; 1.2 to 1.3 is what studies of intercity roads find (the circuity factor).
ROAD_FACTOR = 1.25

_TRIPS = """
    CREATE TEMPORARY TABLE feed_rides ON COMMIT DROP AS
    SELECT trip, array_agg(stop ORDER BY position) AS stops,
           array_agg(arrival ORDER BY position) AS arrivals, array_agg(departure ORDER BY position) AS departures,
           array_agg(boards ORDER BY position) AS boards, array_agg(alights ORDER BY position) AS alights
    FROM feed_calls GROUP BY trip HAVING count(*) >= 2
"""

_PATTERNS = """
    CREATE TEMPORARY TABLE feed_patterns ON COMMIT DROP AS
    SELECT row_number() OVER (ORDER BY min(trip.line))::int AS pattern, route.line AS route, ride.stops,
           min(trip.line) AS sample, cardinality(ride.stops) AS length,
           :feed || ':' || route.route_id || ':' || left(md5((
               SELECT string_agg(stop.stop_id, chr(31) ORDER BY position)
               FROM unnest(ride.stops) WITH ORDINALITY AS call (line, position) JOIN feed_stops AS stop USING (line)
           )), 16) AS feed_key
    FROM feed_rides AS ride
    JOIN feed_trips AS trip ON trip.line = ride.trip
    JOIN feed_routes AS route USING (route_id)
    GROUP BY route.line, route.route_id, ride.stops
"""

_MILE_M = 1609.344
_IN_MILES = f"""
    coalesce(whole.measured * 1000 < whole.flown * 0.95 AND whole.measured > 0
             AND whole.measured * {_MILE_M} BETWEEN whole.flown * 0.95 AND whole.flown * 3, false)
"""

# The feed's own distances are taken when they look like kilometres, metres or miles: 0.95 to 3 times the great circles.
_STOPS = f"""
    CREATE TEMPORARY TABLE feed_pattern_stops ON COMMIT DROP AS
    WITH step AS (
        SELECT pattern.pattern, call.position, call.stop, call.distance,
               stop.stop_lat::float8 AS b_lat, stop.stop_lon::float8 AS b_lon,
               lag(stop.stop_lat::float8) OVER way AS a_lat, lag(stop.stop_lon::float8) OVER way AS a_lon,
               call.distance - lag(call.distance) OVER way AS stretch
        FROM feed_patterns AS pattern
        JOIN feed_calls AS call ON call.trip = pattern.sample
        JOIN feed_stops AS stop ON stop.line = call.stop
        WINDOW way AS (PARTITION BY pattern.pattern ORDER BY call.position)
    ), length AS (
        SELECT *, sum({GREAT_CIRCLE}) OVER (PARTITION BY pattern ORDER BY position) AS flown,
               distance - first_value(distance) OVER (PARTITION BY pattern ORDER BY position) AS measured
        FROM step
    ), whole AS (
        SELECT pattern, max(flown) AS flown,
               CASE WHEN bool_and(distance IS NOT NULL AND coalesce(stretch, 0) >= 0) THEN max(measured) END AS measured
        FROM length GROUP BY pattern
    )
    SELECT pattern, position, stop, {_IN_MILES} AS in_miles, greatest(round(CASE
               WHEN whole.measured BETWEEN whole.flown * 0.95 AND whole.flown * 3 THEN length.measured
               WHEN whole.measured * 1000 BETWEEN whole.flown * 0.95 AND whole.flown * 3 THEN length.measured * 1000
               WHEN {_IN_MILES} THEN length.measured * {_MILE_M}
               ELSE length.flown * {ROAD_FACTOR} END), 0)::int AS distance_m
    FROM length JOIN whole USING (pattern)
    ORDER BY pattern, position
"""  # noqa: S608  constants

# A GTFS route with one pattern keeps its name; several are told apart by where they begin and end, and so is a ride
# that goes on as one of another route.
_NAMES = """
    CREATE TEMPORARY TABLE feed_lines ON COMMIT DROP AS
    SELECT pattern.pattern, pattern.feed_key, first.stop AS first_stop, last.stop AS last_stop,
           greatest(last.distance_m, 1) AS distance_m, last.distance_m = 0 AS in_one_place,
           left(CASE
               WHEN count(*) OVER (PARTITION BY pattern.route) = 1
                   AND pattern.sample NOT IN (SELECT head FROM feed_joined)
                   AND coalesce(route.route_long_name, route.route_short_name) IS NOT NULL
               THEN coalesce(route.route_long_name, route.route_short_name)
               WHEN origin.city <> destination.city THEN origin.city || ' - ' || destination.city
               WHEN first.stop <> last.stop THEN origin.name || ' - ' || destination.name
               ELSE coalesce(route.route_long_name, route.route_short_name, origin.name) END, 200) AS name
    FROM feed_patterns AS pattern
    JOIN feed_routes AS route ON route.line = pattern.route
    JOIN feed_pattern_stops AS first ON first.pattern = pattern.pattern AND first.position = 0
    JOIN feed_pattern_stops AS last ON last.pattern = pattern.pattern AND last.position = pattern.length - 1
    JOIN feed_places AS origin ON origin.line = first.stop
    JOIN feed_places AS destination ON destination.line = last.stop
"""


def make_patterns(feed: str, zone: str, report: Report) -> None:
    """Fill feed_patterns, feed_pattern_stops (with metres), feed_places (our stops) and feed_lines (our routes)."""
    execute(_TRIPS)
    analyze("feed_rides")
    _note_short_trips(report)
    execute(_PATTERNS, feed=feed)
    analyze("feed_patterns")
    execute(_STOPS)
    analyze("feed_pattern_stops")
    make_places(feed, zone)
    execute(_NAMES)
    analyze("feed_places", "feed_lines")
    _note_odd_routes(report)


def _note_short_trips(report: Report) -> None:
    rows = execute("""
        SELECT trip_id, count(*) OVER () AS found FROM feed_trips
        WHERE line NOT IN (SELECT trip FROM feed_rides) ORDER BY line LIMIT 5
    """).all()
    if rows:
        names = ", ".join(row.trip_id for row in rows)
        report.note(f"{rows[0].found} trips with fewer than two stops are left out: {names}{_more(rows[0].found)}")


def _note_odd_routes(report: Report) -> None:
    rows = execute("""
        SELECT coalesce(route_long_name, route_short_name, route_id) AS name, route_type,
               count(*) OVER () AS found
        FROM feed_routes WHERE NOT (route_type::int IN (3, 800) OR route_type::int BETWEEN 200 AND 299
                                    OR route_type::int BETWEEN 700 AND 799) ORDER BY line LIMIT 5
    """).all()
    if rows:
        names = ", ".join(f"{row.name} (type {row.route_type})" for row in rows)
        report.note(f"{rows[0].found} routes are not run by road: {names}{_more(rows[0].found)}")
    miles = execute("SELECT count(DISTINCT pattern) FROM feed_pattern_stops WHERE in_miles").scalar_one()
    if miles:
        report.note(f"the shape_dist_traveled of {miles} routes is in miles")
    count = execute("SELECT count(*) FROM feed_lines WHERE in_one_place").scalar_one()
    if count:
        report.note(f"{count} routes have all their stops in one place; their distance is taken as 1 m")


def _more(count: int) -> str:
    return ", ..." if count > 5 else ""
