"""Withdraws departures that a newer version of a feed no longer has. Departures with sold seats only go off sale.

Before the merge it is recorded which departures the timetables make, so that those withdrawn by an earlier version can
return.
"""

from typing import cast

from sqlalchemy import BigInteger, Table, column, delete, table

from falconbus.gtfs.importing.database import analyze, execute
from falconbus.gtfs.report import LISTED, Report
from falconbus.network.usage import is_used
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.timetable.models import Schedule

# The service day of a departure that falconbus.timetable.service made, from its instant: noon of that day.
_SERVICE_DAY = """
    JOIN calendars AS calendar ON calendar.id = timetable.calendar_id
    CROSS JOIN LATERAL (SELECT (schedule.departure_time + interval '12 hours'
        - make_interval(mins => timetable.departure_minutes)) AT TIME ZONE timetable.time_zone AS noon) AS service
    LEFT JOIN calendar_dates AS exception ON exception.calendar_id = calendar.id AND exception.day = service.noon::date
"""
_IS_MADE = """(timetable.active AND service.noon::time = time '12:00'
    AND coalesce(exception.runs, service.noon::date BETWEEN calendar.valid_from AND calendar.valid_until
                 AND calendar.weekdays & (1 << (extract(isodow FROM service.noon)::int - 1)) <> 0))"""
_MADE_BY_SOME = f"""EXISTS (
    SELECT FROM timetables AS timetable {_SERVICE_DAY}
    WHERE timetable.route_id = schedule.route_id AND timetable.bus_id = schedule.bus_id AND {_IS_MADE})"""

# Timetables with a key are the feed's, and those without one that were retired. What people made or stopped by hand on
# its routes is not touched.
_OF_FEED = f"""
    FROM schedules AS schedule
    JOIN routes ON routes.id = schedule.route_id AND starts_with(routes.feed_key, :feed || ':')
    JOIN timetables AS timetable ON timetable.id = schedule.timetable_id
        AND (timetable.feed_key IS NOT NULL) = timetable.active
    {_SERVICE_DAY}
    WHERE schedule.departure_time > :now
"""

# A departure that no rule makes (an extra day put on by hand) is not withdrawn for that.
_BEFORE = f"""
    CREATE TEMPORARY TABLE feed_departures ON COMMIT DROP AS
    SELECT schedule.id, {_IS_MADE} OR {_MADE_BY_SOME} AS made {_OF_FEED}
"""

_UNSURE = f"""
    CREATE TEMPORARY TABLE feed_unsure ON COMMIT DROP AS
    SELECT schedule.id, {_MADE_BY_SOME} AS runs {_OF_FEED} AND NOT {_IS_MADE}
        AND schedule.id IN (SELECT id FROM feed_departures WHERE made)
"""  # noqa: S608

# Bookings hold their departure with a weaker lock while they claim seats: once these are ours, nobody is claiming.
_LOCK = "SELECT id FROM schedules WHERE id IN (SELECT id FROM feed_unsure) ORDER BY id FOR UPDATE"

_candidates = table("feed_unsure", column("id", BigInteger))

_WITHDRAW = """
    UPDATE schedules SET active = false
    FROM feed_unsure WHERE schedules.id = feed_unsure.id AND NOT runs AND schedules.active
    RETURNING schedules.id
"""

_RETURN = f"""
    UPDATE schedules AS schedule SET active = true
    WHERE NOT active AND cancelled_at IS NULL AND id IN (SELECT id FROM feed_departures WHERE NOT made)
        AND {_MADE_BY_SOME}
"""  # noqa: S608

# Cancelled, and its timetable has gone: a departure of another one may have come in its place, and is on sale.
_REPLACED = """
    SELECT count(*) FROM schedules AS schedule
    JOIN routes ON routes.id = schedule.route_id AND starts_with(routes.feed_key, :feed || ':')
    JOIN timetables AS timetable ON timetable.id = schedule.timetable_id AND NOT timetable.active
    WHERE schedule.cancelled_at IS NOT NULL AND schedule.departure_time > :now
"""

_LIST = """
    SELECT routes.name, stops.time_zone, schedule.departure_time,
           count(DISTINCT (claim.seat_number)) AS seats, count(*) OVER () AS found
    FROM schedules AS schedule
    JOIN routes ON routes.id = schedule.route_id JOIN stops ON stops.id = routes.origin_id
    JOIN seat_claims AS claim ON claim.schedule_id = schedule.id
    WHERE schedule.id = ANY (:ids)
    GROUP BY schedule.id, routes.name, stops.time_zone, schedule.departure_time
    ORDER BY schedule.departure_time LIMIT :limit
"""


def record_departures(feed: str) -> None:
    """Record before the merge which of the feed's departures its timetables make; the others are off sale."""
    execute(_BEFORE, feed=feed, now=clock.now())
    execute("CREATE INDEX ON feed_departures (id)")
    analyze("feed_departures")


def withdraw(feed: str, report: Report) -> None:
    """Delete unused departures that no timetable makes; take those with seats sold or crew off sale and report them.

    A departure that another timetable of the feed makes as well (same route, bus and time) stays on sale if it has
    seats sold, and is made anew otherwise.
    """
    execute(_UNSURE, feed=feed, now=clock.now())
    analyze("feed_unsure")
    execute(_LOCK)
    _delete_unused()
    withdrawn = list(execute(_WITHDRAW).scalars())
    execute(_RETURN)
    if withdrawn:
        _list_withdrawn(withdrawn, report)
    replaced = execute(_REPLACED, feed=feed, now=clock.now()).scalar_one()
    if replaced:
        report.note(
            f"{replaced} departures that are cancelled run at other times in the feed now, or not at all; "
            f"what it has in their place is on sale: see whether it is to run"
        )


def _delete_unused() -> None:
    schedules = cast(Table, Schedule.__table__)
    is_kept = schedules.c.cancelled_at.is_not(None) | is_used(Schedule)
    db.session.execute(delete(schedules).where(schedules.c.id == _candidates.c.id, ~is_kept))


def _list_withdrawn(schedule_ids: list[int], report: Report) -> None:
    rows = execute(_LIST, ids=schedule_ids, limit=LISTED).all()
    for row in rows:
        departs = clock.local(row.departure_time, row.time_zone)
        report.withdrawn.append(f"{row.name}, {departs:%Y-%m-%d %H:%M}, {row.seats} seats")
    if rows:
        report.note(f"{rows[0].found} departures with sold seats are no longer in the feed; they are off sale")
