"""Schedules made from timetables, some weeks ahead, day after day."""

from collections.abc import Iterable
from typing import Any, cast

from flask import current_app
from sqlalchemy import CursorResult, text

from falconbus.caching import tags
from falconbus.caching.answers import changed
from falconbus.extensions import db
from falconbus.kit import clock
from falconbus.timetable import queries

# A departure may lie up to seven days after its service day (ck_timetables_departure_minutes).
_LOOK_BACK_DAYS = 7

# Most indexes of schedules begin with the route, the bus or the timetable: in that order a row costs a fifth less.
# GTFS counts the times of a service day from noon less twelve hours (gtfs.org, "Time"): kit.clock.service_instant().
_MAKE = text("""
    WITH today AS (
        SELECT * FROM unnest(CAST(:zones AS text[]), CAST(:todays AS date[])) AS today (time_zone, day)
    ), wanted AS (
        SELECT * FROM timetables
        WHERE active AND (CAST(:timetable_ids AS int[]) IS NULL OR id = ANY (CAST(:timetable_ids AS int[])))
    ), running AS MATERIALIZED (
        SELECT calendar.id AS calendar_id, today.time_zone,
               ((service.day + time '12:00') AT TIME ZONE today.time_zone) - interval '12 hours' AS beginning
        FROM (SELECT DISTINCT calendar_id, time_zone FROM wanted) AS used
        JOIN today USING (time_zone)
        JOIN calendars AS calendar ON calendar.id = used.calendar_id
        CROSS JOIN generate_series(CAST(:first AS int), CAST(:last AS int)) AS ahead
        CROSS JOIN LATERAL (SELECT today.day + ahead AS day) AS service
        LEFT JOIN calendar_dates AS exception ON exception.calendar_id = calendar.id AND exception.day = service.day
        WHERE coalesce(exception.runs, service.day BETWEEN calendar.valid_from AND calendar.valid_until
                       AND calendar.weekdays & (1 << (extract(isodow FROM service.day)::int - 1)) <> 0)
    ), departing AS (
        SELECT timetable.id, timetable.route_id, timetable.bus_id, layout.capacity,
               running.beginning + make_interval(mins => timetable.departure_minutes) AS departure_time,
               make_interval(mins => timetable.arrivals[cardinality(timetable.arrivals)]) AS duration
        FROM running
        JOIN wanted AS timetable USING (calendar_id, time_zone)
        JOIN buses AS bus ON bus.id = timetable.bus_id
        JOIN seat_layouts AS layout ON layout.id = bus.layout_id
    )
    INSERT INTO schedules (route_id, timetable_id, bus_id, departure_time, arrival_time, seats)
    SELECT route_id, departing.id, bus_id, departure_time, departure_time + duration, capacity
    FROM departing
    WHERE departure_time > :now
      AND NOT EXISTS (SELECT FROM schedules AS made
                      WHERE made.timetable_id = departing.id AND made.departure_time = departing.departure_time)
    ORDER BY route_id, bus_id, departure_time, departing.id
    ON CONFLICT (route_id, bus_id, departure_time) DO NOTHING
""")


def make_schedules(until_days: int | None = None, timetable_ids: Iterable[int] | None = None) -> int:
    """Make the departures of active timetables from now to `until_days` ahead (setting SCHEDULE_HORIZON_DAYS).

    Returns how many are new. Those that exist stay as they are, so it may run as often as anyone likes.
    """
    db.session.execute(text("SET LOCAL statement_timeout = 0"))
    horizon: int = current_app.config["SETTINGS"].schedule_horizon_days if until_days is None else until_days
    zones = queries.time_zones()
    parameters = {
        "zones": zones,
        "todays": [clock.today(zone) for zone in zones],
        "now": clock.now(),
        "first": -_LOOK_BACK_DAYS,
        "last": horizon,
        "timetable_ids": None if timetable_ids is None else list(timetable_ids),
    }
    changed(tags.LINES)
    made = cast(CursorResult[Any], db.session.execute(_MAKE, parameters))
    return made.rowcount
