"""Builds timetables: one for each trip, or for each departure of a trip with frequencies."""

from falconbus.gtfs.importing.calls import seconds_sql
from falconbus.gtfs.importing.checks import Check
from falconbus.gtfs.importing.database import analyze, execute
from falconbus.gtfs.report import Report

_WEEK = 7 * 86400
_MAX_DEPARTURES = 1_000_000

_PERIODS = f"""
    (SELECT *, {seconds_sql("start_time")} AS beginning, {seconds_sql("end_time")} AS ending FROM feed_frequencies)
"""  # noqa: S608  two columns' names

_CHECKS = (
    Check(
        "frequencies",
        "x.ending <= x.beginning",
        "'end_time ' || x.end_time || ' is not after start_time ' || x.start_time",
        "mend one of them, past 24:00:00 after midnight",
        _PERIODS,
    ),
    Check(
        "frequencies",
        f"x.ending > {_WEEK}",
        "'end_time ' || x.end_time || ' is more than seven days after the service day'",
        "give it a later service day",
        _PERIODS,
    ),
    Check(
        "frequencies",
        f"x.departures > {_MAX_DEPARTURES}",
        f"'the departures are more than {_MAX_DEPARTURES} from here on'",
        "write longer headways",
        f"(SELECT line, sum((ending - beginning) / headway_secs::int) OVER (ORDER BY line) AS departures"  # noqa: S608
        f" FROM {_PERIODS} AS period)",
    ),
)

_STARTS = f"""
    CREATE TEMPORARY TABLE feed_starts ON COMMIT DROP AS
    SELECT DISTINCT trip.line AS trip, start
    FROM {_PERIODS} AS period JOIN feed_trips AS trip USING (trip_id)
    JOIN feed_rides ON feed_rides.trip = trip.line
    CROSS JOIN LATERAL generate_series(beginning, ending - 1, headway_secs::int) AS start
    UNION ALL
    SELECT trip, departures[1] FROM feed_rides
    WHERE trip NOT IN (SELECT trip.line FROM feed_frequencies JOIN feed_trips AS trip USING (trip_id))
"""  # noqa: S608  a part of this module

# Minutes are whole clock minutes, so they are floored before they are counted from the departure.
_TIMETABLES = """
    CREATE TEMPORARY TABLE feed_timetables ON COMMIT DROP AS
    SELECT row_number() OVER (ORDER BY trip.line, start)::int AS number, trip.line AS trip, pattern.pattern,
           trip.service_id, nullif(trip.block_id, '') AS block_id, agency.agency_timezone AS time_zone,
           :feed || ':' || trip.trip_id || ':' || to_char(start / 3600, 'FM900')
               || to_char(start / 60 % 60, '":"FM00') || to_char(start % 60, '":"FM00') AS feed_key,
           coalesce(regexp_replace(coalesce(trip.trip_short_name, trip.trip_headsign), '\\s+', ' ', 'g'), '') AS name,
           start / 60 AS departure_minutes, minutes.arrivals, minutes.departures, ride.boards, ride.alights
    FROM feed_starts
    JOIN feed_rides AS ride USING (trip)
    JOIN feed_trips AS trip ON trip.line = ride.trip
    JOIN feed_routes AS route USING (route_id)
    JOIN feed_agency AS agency ON route.agency_id IS NULL OR agency.agency_id = route.agency_id
    JOIN feed_patterns AS pattern ON pattern.route = route.line AND pattern.stops = ride.stops
    CROSS JOIN LATERAL (
        SELECT array_agg(CASE WHEN position = 1 THEN 0 ELSE (start + arrival - ride.departures[1]) / 60 - start / 60 END
                         ORDER BY position) AS arrivals,
               array_agg((start + CASE WHEN position = pattern.length THEN arrival ELSE departure END
                          - ride.departures[1]) / 60 - start / 60 ORDER BY position) AS departures
        FROM unnest(ride.arrivals, ride.departures) WITH ORDINALITY AS call (arrival, departure, position)
    ) AS minutes
"""

_TOO_SHORT = "DELETE FROM feed_timetables WHERE arrivals[cardinality(arrivals)] <= 0"


def make_timetables(feed: str, report: Report) -> None:
    """Fill feed_timetables: pattern, service, key, departure minutes, and the lists of a Timetable."""
    for check in _CHECKS:
        check.run(report)
    if report.fault_count:
        return
    execute(_STARTS)
    analyze("feed_starts")
    execute(_TIMETABLES, feed=feed)
    short = execute(_TOO_SHORT).rowcount
    if short:
        report.note(f"{short} trips that take less than a minute are left out")
    analyze("feed_timetables")
