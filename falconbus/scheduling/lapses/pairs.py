"""Rides of one bus, or of one person, that do not go together: at the same time, or too far apart.

By hand these are refused; timetables and feeds plan what they plan.
"""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import text

from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.scheduling.lapses.conditions import Subject, subjects
from falconbus.scheduling.lapses.models import LapseKind
from falconbus.timetable.running import runs

#: No ride lasts longer: those that are under way began within it.
_LONGEST = timedelta(days=14)
# Between two rides this far apart everything can be reached: the function is not asked.
_FAR_APART = "interval '2 days'"
_RIDES_OF_BUSES = """
    WITH ride AS (
        SELECT departure.bus_id, departure.departure_time AS starts_at, departure.arrival_time AS ends_at,
               route.origin_id AS origin_stop_id, route.destination_id AS destination_stop_id,
               NULL::bigint AS appointment_id, NULL AS reference, departure.id AS schedule_id,
               route.name AS route_name, stop.time_zone
        FROM schedules AS departure
        JOIN routes AS route ON route.id = departure.route_id
        JOIN stops AS stop ON stop.id = route.origin_id
        WHERE {{runs}} AND departure.departure_time > :since
        UNION ALL
        SELECT charter.bus_id, charter.starts_at, charter.ends_at, charter.pick_up_stop_id, charter.drop_off_stop_id,
               charter.id, charter.reference, NULL, NULL, charter.time_zone
        FROM appointments AS charter
        WHERE charter.bus_id IS NOT NULL AND charter.starts_at > :since
          AND charter.status IN ('pending', 'assigned', 'accepted', 'rejected', 'in_progress')
    ), following AS (
        SELECT *, max(ends_at) OVER (by_time ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS busy_until,
               lag(destination_stop_id) OVER by_time AS came_from, lag(ends_at) OVER by_time AS left_at
        FROM ride WINDOW by_time AS (PARTITION BY bus_id ORDER BY starts_at, schedule_id, appointment_id)
    )
    SELECT DISTINCT ON (following.bus_id) NULL::int AS staff_id, NULL AS staff_name, following.bus_id,
           bus.number AS bus_number, appointment_id, reference, schedule_id, route_name, starts_at, time_zone
    FROM following JOIN buses AS bus ON bus.id = following.bus_id
    WHERE starts_at > :now AND {condition}
    ORDER BY following.bus_id, starts_at, schedule_id, appointment_id
"""
_TOO_FAR = f"""
    CASE WHEN starts_at >= busy_until AND starts_at - busy_until < {_FAR_APART}
         THEN too_far(came_from, origin_stop_id, starts_at - busy_until, :travel_kmh) END
"""
_BUSES_OVERLAP = _RIDES_OF_BUSES.format(condition="busy_until > starts_at")
_BUSES_TOO_FAR = _RIDES_OF_BUSES.format(condition=f"left_at = busy_until AND {_TOO_FAR}")
_STAFF_TOO_FAR = f"""
    WITH following AS (
        SELECT *, lag(ends_at) OVER by_time AS busy_until, lag(destination_stop_id) OVER by_time AS came_from
        FROM assignments WHERE status = 'accepted' AND starts_at > :since
        WINDOW by_time AS (PARTITION BY staff_id ORDER BY starts_at)
    )
    SELECT following.staff_id, person.name AS staff_name, NULL::int AS bus_id, NULL AS bus_number,
           following.appointment_id, charter.reference, following.schedule_id, route.name AS route_name,
           following.starts_at, coalesce(charter.time_zone, stop.time_zone) AS time_zone
    FROM following
    JOIN users AS person ON person.id = following.staff_id
    LEFT JOIN appointments AS charter ON charter.id = following.appointment_id
    LEFT JOIN schedules AS departure ON departure.id = following.schedule_id
    LEFT JOIN routes AS route ON route.id = departure.route_id
    LEFT JOIN stops AS stop ON stop.id = route.origin_id
    WHERE following.starts_at > :now AND {_TOO_FAR.replace("starts_at", "following.starts_at")}
    ORDER BY following.starts_at, following.id
"""  # noqa: S608  all of it is ours


def find_clashes() -> Iterator[Subject]:
    """Find rides to come that do not go with the ride before: of each bus the first, of people all."""
    now = clock.now()
    values = {"now": now, "since": now - _LONGEST, "travel_kmh": get_settings().travel_kmh}
    for kind, read in _READS:
        statement = text(read.format(runs=runs("departure")))
        bound = {name: values[name] for name in statement.compile().params}
        yield from subjects(kind, db.session.execute(statement, bound))


_READS = (
    (LapseKind.BUS_OVERLAP, _BUSES_OVERLAP),
    (LapseKind.BUS_TOO_FAR, _BUSES_TOO_FAR),
    (LapseKind.STAFF_TOO_FAR, _STAFF_TOO_FAR),
)
