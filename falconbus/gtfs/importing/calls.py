"""Imports stop times: seconds from the beginning of the service day, in order, blanks interpolated."""

from falconbus.gtfs.importing.checks import Check, run_checks
from falconbus.gtfs.importing.database import analyze, execute
from falconbus.gtfs.report import Report

#: Metres between (a_lat, a_lon) and (b_lat, b_lon) on a sphere of the Earth's mean radius (haversine formula); none
#: before the first stop (least() would take its NULL for 1, half the way around the world).
GREAT_CIRCLE = """CASE WHEN a_lat IS NULL THEN 0 ELSE 2 * 6371008.8 * asin(sqrt(least(1,
    sin(radians(b_lat - a_lat) / 2) ^ 2
    + cos(radians(a_lat)) * cos(radians(b_lat)) * sin(radians(b_lon - a_lon) / 2) ^ 2))) END"""


def seconds_sql(column: str) -> str:
    """Return the SQL for a checked time of day in seconds."""
    parts = [f"split_part({column}, ':', {part})::int" for part in (1, 2, 3)]
    return f"({parts[0]} * 3600 + {parts[1]} * 60 + {parts[2]})"


# A line of trips.txt and of stops.txt is a shorter key than an id. Only one of two times given stands for both.
_MAKE = f"""
    CREATE TEMPORARY TABLE feed_calls ON COMMIT DROP AS
    SELECT trip.line AS trip, stop.line AS stop, x.line,
           (row_number() OVER (PARTITION BY trip.line ORDER BY x.stop_sequence::int) - 1)::int AS position,
           {seconds_sql("coalesce(x.arrival_time, x.departure_time)")} AS arrival,
           {seconds_sql("coalesce(x.departure_time, x.arrival_time)")} AS departure,
           coalesce(x.pickup_type, '0') <> '1' AS boards,
           coalesce(x.drop_off_type, '0') <> '1' AS alights,
           x.shape_dist_traveled::float8 AS distance
    FROM feed_stop_times AS x JOIN feed_trips AS trip USING (trip_id) JOIN feed_stops AS stop USING (stop_id)
    ORDER BY trip, position
"""  # noqa: S608  made of parts in this module, as are the others

_ENDS = """
    (SELECT trip, max(position) AS last FROM feed_calls GROUP BY trip) AS ends
    JOIN feed_calls AS call ON call.trip = ends.trip AND call.position IN (0, ends.last)
    JOIN feed_trips AS trip ON trip.line = call.trip
"""

_CHECKS = (
    Check(
        "stop_times",
        "x.arrival IS NULL",
        "'trip ' || left(x.trip_id, 40) || ' has no time at its ' || x.name || ' stop'",
        "give times there; between them they may be left out",
        "(SELECT call.line, call.arrival, trip.trip_id,"  # noqa: S608
        f" CASE WHEN call.position = 0 THEN 'first' ELSE 'last' END AS name FROM {_ENDS})",
    ),
    Check(
        "stop_times",
        "x.departure < x.arrival OR x.arrival < x.before",
        "'trip ' || left(x.trip_id, 40) || ' goes back in time'",
        "let times grow along the trip, past 24:00:00 after midnight",
        "(SELECT call.line, call.arrival, call.departure, trip.trip_id,"
        " lag(call.departure) OVER (PARTITION BY call.trip ORDER BY call.position) AS before"
        " FROM feed_calls AS call JOIN feed_trips AS trip ON trip.line = call.trip WHERE call.arrival IS NOT NULL)",
    ),
    Check(
        "stop_times",
        "x.position = 0 AND x.departure >= 7 * 86400",
        "'a trip departs more than seven days after its service day'",
        "give it a later service day",
        "feed_calls",
    ),
)

_DROP_LEFT_OUT = "DELETE FROM feed_calls WHERE trip NOT IN (SELECT line FROM feed_trips)"

# A blank time lies between the last known departure and the next known arrival, in proportion to the way: the feed's
# own distances where a trip has them all, else great circles. Times never fall, so the last known one is the greatest
# so far, and the next one the least from the end.
_INTERPOLATE = f"""
    WITH blank AS (
        SELECT DISTINCT trip FROM feed_calls WHERE arrival IS NULL
    ), step AS (
        SELECT call.*, stop.stop_lat::float8 AS b_lat, stop.stop_lon::float8 AS b_lon,
               lag(stop.stop_lat::float8) OVER way AS a_lat, lag(stop.stop_lon::float8) OVER way AS a_lon,
               call.distance - lag(call.distance) OVER way AS stretch
        FROM feed_calls AS call JOIN blank USING (trip) JOIN feed_stops AS stop ON stop.line = call.stop
        WINDOW way AS (PARTITION BY trip ORDER BY position)
    ), length AS (
        SELECT *, bool_and(distance IS NOT NULL AND coalesce(stretch, 0) >= 0) OVER (PARTITION BY trip) AS measured,
               sum({GREAT_CIRCLE}) OVER (PARTITION BY trip ORDER BY position) AS flown
        FROM step
    ), path AS (
        SELECT trip, position, arrival, departure, CASE WHEN measured THEN distance ELSE flown END AS way FROM length
    ), anchored AS (
        SELECT trip, position, arrival, way,
               max(departure) OVER before AS from_time,
               max(way) FILTER (WHERE arrival IS NOT NULL) OVER before AS from_way,
               max(position) FILTER (WHERE arrival IS NOT NULL) OVER before AS from_position,
               min(arrival) OVER after AS to_time,
               min(way) FILTER (WHERE arrival IS NOT NULL) OVER after AS to_way,
               min(position) FILTER (WHERE arrival IS NOT NULL) OVER after AS to_position
        FROM path
        WINDOW before AS (PARTITION BY trip ORDER BY position),
               after AS (PARTITION BY trip ORDER BY position DESC)
    ), filled AS (
        SELECT trip, position, floor(from_time + (to_time - from_time) * CASE
                   WHEN to_way > from_way THEN (way - from_way) / (to_way - from_way)
                   ELSE (position - from_position)::float8 / (to_position - from_position) END)::int AS seconds
        FROM anchored WHERE arrival IS NULL
    )
    UPDATE feed_calls SET arrival = seconds, departure = seconds
    FROM filled WHERE filled.trip = feed_calls.trip AND filled.position = feed_calls.position
"""  # noqa: S608


def make_calls(report: Report, *, skip_faulty: bool) -> None:
    """Fill feed_calls(trip, stop, position, arrival, departure, boards, alights, distance, line)."""
    execute(_MAKE)
    execute("CREATE INDEX ON feed_calls (trip, position)")
    analyze("feed_calls")
    run_checks(_CHECKS, report, skip_faulty=skip_faulty, derived=_DROP_LEFT_OUT)
    if report.fault_count == 0:
        execute(_INTERPOLATE)
