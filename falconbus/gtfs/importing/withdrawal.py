"""Withdraws departures that a newer version of a feed no longer has. Those with sold seats only go off sale.

What another timetable of the feed makes now was kept before (sold_departures.py). Before the merge it is recorded which
departures the timetables make, so that those withdrawn by an earlier version can return.
"""

from typing import cast

from sqlalchemy import BigInteger, Boolean, CursorResult, Table, column, delete, table

from falconbus.gtfs.importing.database import analyze, execute
from falconbus.gtfs.importing.sold_departures import keep_sold_departures
from falconbus.gtfs.report import LISTED, Report
from falconbus.network.usage import is_used
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.timetable.models import Schedule
from falconbus.timetable.service import find_blocked_departures

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

# Those that were made and are not any more, and those that an earlier version has withdrawn.
_UNSURE = f"""
    CREATE TEMPORARY TABLE feed_unsure ON COMMIT DROP AS
    SELECT schedule.id, schedule.route_id, schedule.timetable_id, schedule.bus_id, schedule.departure_time,
           service.noon::date AS day, before.made,
           coalesce(timetable.feed_key,
                    (SELECT feed_key FROM feed_retired WHERE feed_retired.id = timetable.id)) AS former_key
    {_OF_FEED.replace("WHERE", "JOIN feed_departures AS before ON before.id = schedule.id WHERE")}
        AND NOT {_IS_MADE} AND (before.made OR NOT schedule.active) AND schedule.cancelled_at IS NULL
"""  # noqa: S608

# Bookings hold their departure with a weaker lock while they claim seats: once these are ours, nobody is claiming.
# Their bookings first, in the order in which payments and cancellations lock: what they read of them stays so.
_LOCK_BOOKINGS = """
    SELECT id FROM bookings WHERE id IN (
        SELECT booking_id FROM journeys WHERE schedule_id IN (SELECT id FROM feed_unsure)) ORDER BY id FOR UPDATE
"""
_LOCK = "SELECT id FROM schedules WHERE id IN (SELECT id FROM feed_unsure) ORDER BY id FOR UPDATE"

_unsure = table("feed_unsure", column("id", BigInteger), column("made", Boolean))

_WITHDRAW = """
    UPDATE schedules SET active = false
    FROM feed_unsure WHERE schedules.id = feed_unsure.id AND made AND schedules.active
        AND schedules.id NOT IN (SELECT schedule_id FROM feed_kept)
    RETURNING schedules.id
"""

_RETURN = f"""
    UPDATE schedules AS schedule SET active = true
    WHERE NOT active AND cancelled_at IS NULL AND id IN (SELECT id FROM feed_departures WHERE NOT made)
        AND EXISTS (SELECT FROM timetables AS timetable {_SERVICE_DAY}
                    WHERE timetable.id = schedule.timetable_id AND {_IS_MADE})
"""  # noqa: S608

# Cancelled, and its timetable has gone: a departure of another one may have come in its place, and is on sale.
_REPLACED = """
    SELECT count(*) FROM schedules AS schedule
    JOIN routes ON routes.id = schedule.route_id AND starts_with(routes.feed_key, :feed || ':')
    JOIN timetables AS timetable ON timetable.id = schedule.timetable_id AND NOT timetable.active
    WHERE schedule.cancelled_at IS NOT NULL AND schedule.departure_time > :now
"""

_NAMED = 5
_LIST = """
    SELECT routes.name, stops.time_zone, schedule.departure_time,
           schedule.id, count(DISTINCT (claim.seat_number)) AS seats, count(*) OVER () AS found
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


def withdraw(feed: str, report: Report) -> int:
    """Delete unused departures that their timetables do not make any more, and keep those with seats sold or crew.

    They go to the timetables that make their coach now; what no timetable makes goes off sale, and is reported. Returns
    how many were deleted.
    """
    execute(_UNSURE, feed=feed, now=clock.now())
    analyze("feed_unsure")
    execute(_LOCK_BOOKINGS)
    execute(_LOCK)
    removed = _delete_unused()
    keep_sold_departures(feed, report)
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
    return removed


def note_taken_buses(horizon_days: int | None, timetable_ids: list[int], report: Report) -> None:
    """Note departures that are not made because their bus is on one that was withdrawn."""
    if not report.withdrawn:
        return
    blocked = [each for each in find_blocked_departures(horizon_days, timetable_ids) if each.sold_schedule_id]
    if blocked:
        first = blocked[0]
        departs = clock.local(first.departure_time, first.time_zone)
        report.note(
            f"{len(blocked)} departures are not on sale, the first {first.route_name}, {departs:%Y-%m-%d %H:%M}:"
            f" their buses are on those that were sold, the first's, {first.bus_number}, on departure"
            f" {first.sold_schedule_id}; give that another bus (PATCH /api/v1/schedules/{first.sold_schedule_id}) or"
            f" cancel it, and they are on sale after the next night or import"
        )


def _delete_unused() -> int:
    schedules = cast(Table, Schedule.__table__)
    unused = delete(schedules).where(schedules.c.id == _unsure.c.id, _unsure.c.made, ~is_used(Schedule))
    return cast(CursorResult[object], db.session.execute(unused)).rowcount


def _list_withdrawn(schedule_ids: list[int], report: Report) -> None:
    rows = execute(_LIST, ids=schedule_ids, limit=LISTED).all()
    for row in rows:
        departs = clock.local(row.departure_time, row.time_zone)
        report.withdrawn.append(f"{row.name}, {departs:%Y-%m-%d %H:%M}, {row.seats} seats (departure {row.id})")
    if rows:
        report.note(
            f"{rows[0].found} departures with sold seats are no longer in the feed; they are off sale, and run at"
            f" their old times for those who hold tickets, unless you cancel them (POST /api/v1/schedules/ID/cancel):"
            f" departure"
            f" {', '.join(str(row.id) for row in rows[:_NAMED])}{', ...' if rows[0].found > _NAMED else ''}"
        )
