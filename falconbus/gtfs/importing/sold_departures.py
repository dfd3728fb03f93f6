"""Departures with seats sold, and the timetables that make them now: a coach that will run stays the one it was.

What was sold keeps its departure. That gets the timetable of the feed's next version, and with it its times and its
route, if that serves the stops for which tickets are held, in their order: those who hold them are told by
disruptions/change_notices.py, which compares, and its crew here.
"""

from typing import Any

from falconbus.gtfs.importing.database import copy_rows, execute
from falconbus.gtfs.importing.held_stops import HOLDERS, count_anew, find_fits
from falconbus.gtfs.importing.keys import trip_of
from falconbus.gtfs.report import Report
from falconbus.platform.kit import clock
from falconbus.scheduling.line_crews.retimed_departures import follow_times
from falconbus.timetable import occupancy

#: Minutes that a coach under another id may leave earlier or later and still be the same one.
_NEAR_MINUTES = 30

# On the service day of the sale, or, where coaches leave after midnight now, on its date.
_DAYS = """
    SELECT DISTINCT day FROM (VALUES
        (unsure.day),
        ((unsure.departure_time AT TIME ZONE timetable.time_zone)::date - timetable.departure_minutes / 1440)
    ) AS days (day)
"""
# Somebody who holds a ticket boards or alights where this timetable does not stop for that.
_STRANDED = f"""
    SELECT FROM journeys AS journey {HOLDERS}
    WHERE journey.schedule_id = unsure.id AND NOT (
        timetable.boards[fit.positions[array_position(fit.held, journey.origin_position::int)] + 1]
        AND timetable.alights[fit.positions[array_position(fit.held, journey.destination_position::int)] + 1])
"""
# At the stops that travellers use.
_IS_RETIMED = """
    EXISTS (
        SELECT FROM unnest(fit.held, fit.positions) AS call (was, is_now)
        WHERE unsure.departure_time + make_interval(mins => former.departures[was + 1])
              <> instant.departure_time + make_interval(mins => timetable.departures[is_now + 1])
           OR unsure.departure_time + make_interval(mins => former.arrivals[was + 1])
              <> instant.departure_time + make_interval(mins => timetable.arrivals[is_now + 1]))
"""
# A departure that was given another bus by hand keeps it.
_BUS = """
    SELECT CASE WHEN unsure.bus_id = former.bus_id AND NOT EXISTS (
               SELECT FROM seat_claims AS claim
               JOIN buses AS bus ON bus.id = unsure.bus_id
               LEFT JOIN seats AS seat ON seat.layout_id = bus.layout_id AND seat.number = claim.seat_number
               WHERE claim.schedule_id = unsure.id AND NOT EXISTS (
                   SELECT FROM buses AS next JOIN seats AS same ON same.layout_id = next.layout_id
                   WHERE next.id = timetable.bus_id AND same.number = claim.seat_number
                     AND same.fare_class_id = seat.fare_class_id))
           THEN timetable.bus_id ELSE unsure.bus_id END AS id
"""
_CANDIDATES = f"""
    SELECT unsure.id AS schedule_id, timetable.id AS timetable_id, bus.id AS bus_id, instant.departure_time,
           {_IS_RETIMED} AS is_retimed, timetable.route_id <> unsure.route_id AS is_rerouted
    FROM feed_unsure AS unsure
    JOIN feed_held AS held ON held.id = unsure.id
    JOIN feed_fits AS fit ON fit.former_route_id = unsure.route_id AND fit.held = held.positions
    JOIN timetables AS former ON former.id = unsure.timetable_id
    JOIN timetables AS timetable ON timetable.route_id = fit.route_id AND timetable.active
        AND starts_with(timetable.feed_key, :feed || ':')
    JOIN calendars AS calendar ON calendar.id = timetable.calendar_id
    CROSS JOIN LATERAL ({_DAYS}) AS service
    LEFT JOIN calendar_dates AS exception ON exception.calendar_id = calendar.id AND exception.day = service.day
    CROSS JOIN LATERAL (
        SELECT ((service.day + time '12:00') AT TIME ZONE timetable.time_zone) - interval '12 hours'
               + make_interval(mins => timetable.departure_minutes) AS departure_time,
               timetable.arrivals[cardinality(timetable.arrivals)] AS minutes,
               coalesce({trip_of("timetable.feed_key")} = {trip_of("unsure.former_key")}, false) AS is_its_trip
    ) AS instant
    CROSS JOIN LATERAL (
        SELECT abs(extract(epoch FROM instant.departure_time - unsure.departure_time) + 60 * (
                   timetable.departures[fit.positions[1] + 1] - former.departures[fit.held[1] + 1])) AS seconds
    ) AS moved
    CROSS JOIN LATERAL ({_BUS}) AS bus
    WHERE coalesce(exception.runs, service.day BETWEEN calendar.valid_from AND calendar.valid_until
                   AND calendar.weekdays & (1 << (extract(isodow FROM service.day)::int - 1)) <> 0)
      AND instant.departure_time > :now
      AND (is_its_trip OR moved.seconds <= :near)
      AND NOT EXISTS (SELECT FROM schedules AS made WHERE made.id <> unsure.id
                      AND made.departure_time = instant.departure_time AND made.route_id = timetable.route_id
                      AND (made.timetable_id = timetable.id OR made.bus_id IN (bus.id, timetable.bus_id)))
      AND NOT EXISTS (SELECT FROM ({{bus_times}}) AS charter WHERE bus_time && owner_time(
                      bus.id, instant.departure_time, instant.departure_time + make_interval(mins => minutes)))
      AND NOT EXISTS ({_STRANDED})
    ORDER BY moved.seconds > 0, NOT is_its_trip, is_rerouted, moved.seconds, unsure.id, timetable.id
"""  # noqa: S608
_MOVE = """
    UPDATE schedules SET route_id = timetable.route_id, timetable_id = timetable.id, bus_id = bus.id,
        seats = layout.capacity,
        departure_time = kept.departure_time, arrival_time = kept.departure_time
            + make_interval(mins => timetable.arrivals[cardinality(timetable.arrivals)])
    FROM feed_kept AS kept
    JOIN timetables AS timetable ON timetable.id = kept.timetable_id
    JOIN buses AS bus ON bus.id = kept.bus_id
    JOIN seat_layouts AS layout ON layout.id = bus.layout_id
    WHERE schedules.id = kept.schedule_id
"""
_COLUMNS = ("schedule_id", "timetable_id", "bus_id", "departure_time")


def keep_sold_departures(feed: str, report: Report) -> None:
    """Give departures of feed_unsure that are still there to the timetables that make their coach now.

    The same instant where the first traveller boards comes first, then the same trip, the same route, the nearest; each
    departure and each coach once. What is
    left has no coach in the feed any more, or none that its travellers could board.
    """
    find_fits()
    statement = _CANDIDATES.format(bus_times=occupancy.bus_times())
    rows = execute(statement, feed=feed, now=clock.now(), near=60 * _NEAR_MINUTES).all()
    kept = _pair(rows)
    execute(
        "CREATE TEMPORARY TABLE feed_kept"
        " (schedule_id bigint, timetable_id int, bus_id int, departure_time timestamptz) ON COMMIT DROP"
    )
    copy_rows("feed_kept", _COLUMNS, ([getattr(row, name) for name in _COLUMNS] for row in kept))
    execute(_MOVE)
    count_anew()
    follow_times([row.schedule_id for row in kept])
    retimed = sum(row.is_retimed for row in kept)
    rerouted = sum(row.is_rerouted for row in kept)
    if rerouted:
        report.note(
            f"{rerouted} departures with sold seats call at other stops between; those for which tickets are held"
            f" are served as before"
        )
    if retimed:
        report.note(f"{retimed} departures with sold seats have other times; those who hold tickets are told")


def _pair(rows: Any) -> list[Any]:
    """Return the best rows first come first served, each departure and each coach once."""
    departures, coaches, pairs = set(), set(), []
    for row in rows:
        coach = (row.timetable_id, row.departure_time)
        if row.schedule_id not in departures and coach not in coaches:
            departures.add(row.schedule_id)
            coaches.add(coach)
            pairs.append(row)
    return pairs
