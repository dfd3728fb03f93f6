"""Imports service days: weekly rules and exceptions, shifted by whole weeks on request."""

from datetime import date, timedelta

from falconbus.gtfs.importing.database import analyze, execute
from falconbus.gtfs.importing.staging import WEEKDAYS
from falconbus.gtfs.report import Report
from falconbus.platform.kit import clock

_BITS = " + ".join(f"{day}::int * {1 << bit}" for bit, day in enumerate(WEEKDAYS))

_SERVICES = f"""
    CREATE TEMPORARY TABLE feed_services ON COMMIT DROP AS
    SELECT service_id, :feed || ':' || service_id AS feed_key,
           ({_BITS})::smallint AS weekdays, start_date::date AS valid_from, end_date::date AS valid_until
    FROM feed_calendar
    UNION ALL
    SELECT service_id, :feed || ':' || service_id, 0, min(date::date), max(date::date)
    FROM feed_calendar_dates
    WHERE service_id NOT IN (SELECT service_id FROM feed_calendar) GROUP BY service_id
"""  # noqa: S608  the names of weekdays

_EXCEPTIONS = """
    CREATE TEMPORARY TABLE feed_exceptions ON COMMIT DROP AS
    SELECT service_id, date::date AS day, exception_type = '1' AS runs FROM feed_calendar_dates
"""

# What no trip uses says nothing of when the feed's coaches run.
_USED = """
    SELECT trip.service_id FROM feed_trips AS trip JOIN feed_rides AS ride ON ride.trip = trip.line
"""

# Within a week of its beginning a calendar has met each of its weekdays, unless exceptions took them out.
_FIRST_DAY = f"""
    SELECT min(day) FROM (
        SELECT ahead::date AS day FROM feed_services AS service
        CROSS JOIN LATERAL (SELECT greatest(valid_from, CAST(:since AS date)) AS start) AS begins
        CROSS JOIN generate_series(start, least(valid_until, start + 6), interval '1 day') AS ahead
        WHERE weekdays & (1 << (extract(isodow FROM ahead)::int - 1)) <> 0
          AND service_id IN ({_USED})
          AND NOT EXISTS (SELECT FROM feed_exceptions AS exception
                          WHERE exception.service_id = service.service_id AND exception.day = ahead::date AND NOT runs)
        UNION ALL
        SELECT day FROM feed_exceptions WHERE runs AND day >= CAST(:since AS date) AND service_id IN ({_USED})
    ) AS days
"""  # noqa: S608  a part of this module, as below

_LAST_DAY = f"""
    SELECT max(day) FROM (
        SELECT valid_until AS day FROM feed_services WHERE weekdays <> 0 AND service_id IN ({_USED})
        UNION ALL
        SELECT day FROM feed_exceptions WHERE runs AND service_id IN ({_USED})
    ) AS days
"""  # noqa: S608

# Python's years end with 9999, which feeds write for "until further notice".
_SHIFT = (
    "DELETE FROM feed_exceptions WHERE day > date '9999-12-31' - CAST(:days AS int)",
    "UPDATE feed_exceptions SET day = day + CAST(:days AS int)",
    """
    UPDATE feed_services SET
        valid_from = greatest(least(valid_from, date '9999-12-31' - :days) + :days, date '0001-01-01'),
        valid_until = greatest(least(valid_until, date '9999-12-31' - :days) + :days, date '0001-01-01')
    """,
)

_DEPARTURES = """
    SELECT count(*) FROM feed_timetables AS timetable
    JOIN feed_services AS service USING (service_id)
    CROSS JOIN generate_series(CAST(:today AS date), CAST(:today AS date) + :horizon, interval '1 day') AS ahead
    LEFT JOIN feed_exceptions AS exception ON exception.service_id = service.service_id AND exception.day = ahead::date
    WHERE coalesce(exception.runs, ahead BETWEEN valid_from AND valid_until
                   AND weekdays & (1 << (extract(isodow FROM ahead)::int - 1)) <> 0)
"""

_ON_SALE = """
    SELECT EXISTS (SELECT FROM schedules WHERE timetable_id = ANY (:timetables) AND active AND departure_time > :now
                   AND route_id IN (SELECT id FROM routes WHERE active))
"""


def make_calendars(feed: str, zone: str, *, shift: bool, report: Report) -> None:
    """Fill feed_services and feed_exceptions.

    With `shift` all dates move by whole weeks, so that the first day of service is within the last seven days.
    """
    execute(_SERVICES, feed=feed)
    execute(_EXCEPTIONS)
    first: date | None = execute(_FIRST_DAY, since=date.min).scalar_one()
    if shift and first is not None:
        weeks = (clock.today(zone) - first).days // 7
        for statement in _SHIFT:
            execute(statement, days=7 * weeks)
        if weeks:
            report.note(f"all dates are moved by {weeks} weeks: service begins on {first + timedelta(weeks=weeks)}")
    analyze("feed_services", "feed_exceptions")


def count_departures(zone: str, horizon: int) -> int:
    """Return how many departures the feed makes from today until the horizon."""
    return int(execute(_DEPARTURES, today=clock.today(zone), horizon=horizon).scalar_one())


def why_nothing_on_sale(zone: str, horizon: int, timetable_ids: list[int]) -> str | None:
    """Return why nothing of the feed is on sale; None when something is."""
    if execute(_ON_SALE, timetables=timetable_ids, now=clock.now()).scalar_one():
        return None
    today = clock.today(zone)
    last: date | None = execute(_LAST_DAY).scalar_one()
    following: date | None = execute(_FIRST_DAY, since=today).scalar_one()
    if not timetable_ids:
        return "no trip calls at two stops at a time of its own: nothing of it is on sale"
    if last is None or last < today:
        when = "has no days" if last is None else f"ended on {last}"
        return f"the calendar {when}: nothing of it is on sale (--shift-dates moves it to today)"
    if following is None:
        return f"no trip runs from today on, though the calendar lasts until {last}: nothing of it is on sale"
    if following > today + timedelta(days=horizon):
        return (
            f"service begins on {following}, after the {horizon} days ahead that are sold: nothing of it is on sale yet"
        )
    return (
        "nothing of it is on sale: its departures have left, were cancelled or taken off sale, or their buses are"
        " not in service"
    )
