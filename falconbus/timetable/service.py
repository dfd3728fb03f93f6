"""Makes schedules from timetables up to the horizon."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, TextClause, text

from falconbus.network import cache_tags
from falconbus.platform.caching.response_cache import changed
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.timetable import occupancy, queries
from falconbus.timetable.running import runs

# A departure may lie up to seven days after its service day (ck_timetables_departure_minutes).
_LOOKBACK_DAYS = 7

# Future departures of the timetables that are not made yet.
# GTFS counts the times of a service day from noon less twelve hours (gtfs.org, "Time"): kit.clock.service_instant().
_DEPARTING = """
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
        SELECT timetable.id, timetable.route_id, timetable.bus_id, instant.departure_time,
               instant.departure_time
               + make_interval(mins => timetable.arrivals[cardinality(timetable.arrivals)]) AS arrival_time
        FROM running
        JOIN wanted AS timetable USING (calendar_id, time_zone)
        CROSS JOIN LATERAL (
            SELECT running.beginning + make_interval(mins => timetable.departure_minutes)) AS instant (departure_time)
        WHERE instant.departure_time > :now
          AND NOT EXISTS (SELECT FROM schedules AS made
                          WHERE made.timetable_id = timetable.id AND made.departure_time = instant.departure_time)
          AND NOT EXISTS (SELECT FROM schedules AS gone
                          WHERE gone.route_id = timetable.route_id AND gone.departure_time = instant.departure_time
                            AND gone.cancelled_at IS NOT NULL)
    )
"""
# No ride lasts longer: a departure that is under way began within it.
_LONGEST = "interval '14 days'"
_CONFLICTING_RIDE = """
    FROM elsewhere
    WHERE elsewhere.bus_id = departing.bus_id
      AND elsewhere.starts_at < departing.arrival_time AND elsewhere.ends_at > departing.departure_time
"""

# Most indexes of schedules begin with the route, the bus or the timetable: in that order a row costs a fifth less.
_MAKE = f"""
    INSERT INTO schedules (route_id, timetable_id, bus_id, departure_time, arrival_time, seats)
    SELECT departing.route_id, departing.id, departing.bus_id, departure_time, arrival_time, layout.capacity
    FROM departing
    JOIN buses AS bus ON bus.id = departing.bus_id
    JOIN seat_layouts AS layout ON layout.id = bus.layout_id
    WHERE bus.active AND NOT EXISTS (SELECT {_CONFLICTING_RIDE})
    ORDER BY route_id, bus_id, departure_time, departing.id
    ON CONFLICT (route_id, bus_id, departure_time) DO NOTHING
"""  # noqa: S608
_BLOCKED_DEPARTURES = f"""
    SELECT departing.id AS timetable_id, route.name AS route_name, departing.departure_time,
           bus.number AS bus_number, stop.time_zone, ride.reference,
           ride.schedule_id AS sold_schedule_id
    FROM departing
    JOIN buses AS bus ON bus.id = departing.bus_id
    LEFT JOIN LATERAL (
        SELECT reference, starts_at, schedule_id {_CONFLICTING_RIDE} ORDER BY starts_at LIMIT 1) AS ride ON bus.active
    JOIN routes AS route ON route.id = departing.route_id
    JOIN stops AS stop ON stop.id = route.origin_id
    WHERE NOT bus.active OR ride.starts_at IS NOT NULL
    ORDER BY departing.departure_time, departing.id
"""  # noqa: S608
_LOCK_BUSES = text("""
    SELECT id FROM buses WHERE id IN (
        SELECT bus_id FROM timetables
        WHERE active AND (CAST(:timetable_ids AS int[]) IS NULL OR id = ANY (CAST(:timetable_ids AS int[]))))
    ORDER BY id FOR KEY SHARE
""")


@dataclass(frozen=True, slots=True)
class BlockedDeparture:
    """A departure that is not made because of its bus; `time_zone` is its origin's.

    `reference` is that of the charter that the bus is on, `sold_schedule_id` that of the departure off sale that it
    still runs for those who have tickets; without either the bus is out of service.
    """

    timetable_id: int
    route_name: str
    departure_time: datetime
    bus_number: str
    time_zone: str
    reference: str | None
    sold_schedule_id: int | None = None


def make_schedules(until_days: int | None = None, timetable_ids: Iterable[int] | None = None) -> int:
    """Make the missing departures of active timetables up to `until_days` ahead (setting SCHEDULE_HORIZON_DAYS).

    Returns how many are new; existing ones are not changed, so it may run at any time. Departures whose bus is on a
    charter, out of service or on one that is off sale with tickets are not made (`find_blocked_departures`), nor is
    another one in the place of one that was cancelled.
    """
    parameters = _parameters(until_days, timetable_ids)
    db.session.execute(text("SET LOCAL statement_timeout = 0"))
    # No charter gets one of these buses until the commit; the next statement sees the charters that have one already.
    db.session.execute(_LOCK_BUSES, {"timetable_ids": parameters["timetable_ids"]})
    changed(cache_tags.ROUTES)
    result = cast(CursorResult[Any], db.session.execute(_with_other_rides(_MAKE), parameters))
    return result.rowcount


def find_blocked_departures(
    until_days: int | None = None, timetable_ids: Iterable[int] | None = None
) -> list[BlockedDeparture]:
    """Return the departures that `make_schedules` does not make because of their bus, by time."""
    rows = db.session.execute(_with_other_rides(_BLOCKED_DEPARTURES), _parameters(until_days, timetable_ids))
    return [BlockedDeparture(*row) for row in rows]


def _with_other_rides(statement: str) -> TextClause:
    """Return a statement with the CTEs `departing` and `elsewhere`, when their buses are on charters or sold rides."""
    return text(f"""
        {_DEPARTING}, elsewhere AS MATERIALIZED (
            SELECT charter.bus_id, charter.starts_at, charter.ends_at, charter.reference, NULL AS schedule_id
            FROM (SELECT DISTINCT bus_id FROM wanted) AS used
            JOIN ({occupancy.bus_times()}) AS charter
                ON charter.bus_time && owner_time(used.bus_id, :now, timestamptz '2106-01-01 00:00+00')
            UNION ALL
            SELECT bus_id, departure_time, arrival_time, NULL, id
            FROM schedules AS kept
            WHERE NOT kept.active AND kept.departure_time > CAST(:now AS timestamptz) - {_LONGEST} AND {runs("kept")}
        )
        {statement}
    """)  # noqa: S608


def _parameters(until_days: int | None, timetable_ids: Iterable[int] | None) -> dict[str, Any]:
    horizon: int = get_settings().schedule_horizon_days if until_days is None else until_days
    zones = queries.time_zones()
    return {
        "zones": zones,
        "todays": [clock.today(zone) for zone in zones],
        "now": clock.now(),
        "first": -_LOOKBACK_DAYS,
        "last": horizon,
        "timetable_ids": None if timetable_ids is None else list(timetable_ids),
    }
