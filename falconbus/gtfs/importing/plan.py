"""Merges calendars and timetables: unchanged timetables stay, changed ones are retired and made anew."""

from falconbus.gtfs.importing.database import analyze, execute
from falconbus.gtfs.importing.keys import OURS, rekey

# Days of a long ride have several of ours (long_rides.py).
_OF_THE_FEED = f"strpos(feed_key, {OURS}) = 0"

_CALENDARS = """
    INSERT INTO calendars (weekdays, valid_from, valid_until, feed_key)
    SELECT weekdays, valid_from, valid_until, feed_key FROM feed_services ORDER BY feed_key
    ON CONFLICT (feed_key) DO UPDATE
        SET weekdays = excluded.weekdays, valid_from = excluded.valid_from, valid_until = excluded.valid_until
    WHERE (calendars.weekdays, calendars.valid_from, calendars.valid_until)
          IS DISTINCT FROM (excluded.weekdays, excluded.valid_from, excluded.valid_until)
"""

_NO_MORE_EXCEPTIONS = """
    DELETE FROM calendar_dates USING calendars
    WHERE calendars.id = calendar_dates.calendar_id AND calendars.feed_key IN (SELECT feed_key FROM feed_services)
      AND NOT EXISTS (SELECT FROM feed_exceptions AS exception JOIN feed_services AS service USING (service_id)
                      WHERE service.feed_key = calendars.feed_key AND exception.day = calendar_dates.day)
"""

_EXCEPTIONS = """
    INSERT INTO calendar_dates (calendar_id, day, runs)
    SELECT calendars.id, exception.day, exception.runs
    FROM feed_exceptions AS exception
    JOIN feed_services AS service USING (service_id)
    JOIN calendars USING (feed_key)
    ON CONFLICT (calendar_id, day) DO UPDATE SET runs = excluded.runs WHERE calendar_dates.runs <> excluded.runs
"""

_BOUGHT = "route_id, calendar_id, departure_minutes, time_zone, arrivals, departures, boards, alights"
_TWIN = f"row_number() OVER (PARTITION BY {_BOUGHT} ORDER BY feed_key) AS twin"

# A timetable is the same when everything that a traveller buys is; its keys, its name and its bus may differ.
_PLAN = f"""
    CREATE TEMPORARY TABLE feed_plan ON COMMIT DROP AS
    WITH wanted AS (
        SELECT timetable.*, link.route_id, calendars.id AS calendar_id
        FROM feed_timetables AS timetable
        JOIN feed_route_ids AS link USING (pattern)
        JOIN feed_services AS service USING (service_id)
        JOIN calendars ON calendars.feed_key = service.feed_key
    )
    SELECT wanted.number, route_id, calendar_id, old.id AS old_id, old.bus_id AS old_bus_id,
           old.id IS NOT NULL AS unchanged
    FROM (SELECT *, {_TWIN} FROM wanted) AS wanted
    LEFT JOIN (SELECT *, {_TWIN} FROM timetables WHERE starts_with(feed_key, :feed || ':')) AS old
        USING ({_BOUGHT}, twin)
"""  # noqa: S608  the names of columns

_RETIRED = """
    CREATE TEMPORARY TABLE feed_retired ON COMMIT DROP AS
    SELECT id, route_id, bus_id, time_zone, departure_minutes, feed_key FROM timetables
    WHERE starts_with(feed_key, :feed || ':')
      AND NOT EXISTS (SELECT FROM feed_plan WHERE old_id = timetables.id AND unchanged)
"""

_RETIRE = "UPDATE timetables SET active = false, feed_key = NULL WHERE id IN (SELECT id FROM feed_retired)"

_WANTED = """
    SELECT plan.old_id AS id, timetable.feed_key FROM feed_plan AS plan JOIN feed_timetables AS timetable USING (number)
"""

_RENAME = """
    UPDATE timetables SET name = timetable.name
    FROM feed_plan AS plan JOIN feed_timetables AS timetable USING (number)
    WHERE plan.unchanged AND timetables.id = plan.old_id AND timetables.name <> timetable.name
"""

_INSERT = """
    INSERT INTO timetables (route_id, calendar_id, bus_id, name, departure_minutes, time_zone,
                            arrivals, departures, boards, alights, feed_key)
    SELECT plan.route_id, plan.calendar_id, assigned.bus_id, timetable.name, timetable.departure_minutes,
           timetable.time_zone, timetable.arrivals, timetable.departures, timetable.boards, timetable.alights,
           timetable.feed_key
    FROM feed_plan AS plan
    JOIN feed_timetables AS timetable USING (number)
    JOIN feed_buses AS assigned USING (number)
    ORDER BY number
"""


def merge_calendars() -> int:
    """Write the service days and return the number of calendars in the feed."""
    execute(_CALENDARS)
    execute(_NO_MORE_EXCEPTIONS)
    execute(_EXCEPTIONS)
    return int(execute(f"SELECT count(*) FROM feed_services WHERE {_OF_THE_FEED}").scalar_one())  # noqa: S608


def plan_timetables(feed: str) -> None:
    """Fill feed_plan (each timetable beside its former version) and feed_retired, and retire the timetables in it."""
    execute(_PLAN, feed=feed)
    analyze("feed_plan")
    execute(_RETIRED, feed=feed)
    execute(_RETIRE)
    rekey("timetables", feed, _WANTED)
    execute(_RENAME)


def merge_timetables() -> None:
    """Insert the timetables that are new or changed, with their assigned buses."""
    analyze("feed_buses")
    execute(_INSERT)
    # The schedules are made from them in this transaction, before autovacuum has seen them.
    analyze("timetables")


def count_timetables() -> dict[str, int]:
    """Return the numbers of timetables and of distinct timings of stop patterns in the feed."""
    row = execute(
        f"SELECT count(*) FILTER (WHERE {_OF_THE_FEED}) AS timetables,"  # noqa: S608
        " count(DISTINCT (pattern, arrivals, departures, boards, alights)) AS timings FROM feed_timetables"
    ).one()
    return {"timetables": row.timetables, "timings": row.timings}


def timetable_ids() -> list[int]:
    """Return the keys of the feed's timetables."""
    return list(execute("SELECT id FROM timetables JOIN feed_timetables USING (feed_key)").scalars())
