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

# Within a week of its beginning a calendar has met each of its weekdays, unless exceptions took them out.
_FIRST_DAY = """
    SELECT min(day) FROM (
        SELECT day::date FROM feed_services AS service
        CROSS JOIN generate_series(valid_from, least(valid_until, valid_from + 6), interval '1 day') AS day
        WHERE weekdays & (1 << (extract(isodow FROM day)::int - 1)) <> 0
          AND NOT EXISTS (SELECT FROM feed_exceptions AS exception
                          WHERE exception.service_id = service.service_id AND exception.day = day::date AND NOT runs)
        UNION ALL
        SELECT day FROM feed_exceptions WHERE runs
    ) AS days
"""

_LAST_DAY = """
    SELECT max(day) FROM (
        SELECT valid_until AS day FROM feed_services WHERE weekdays <> 0
        UNION ALL
        SELECT day FROM feed_exceptions WHERE runs
    ) AS days
"""


def make_calendars(feed: str, zone: str, *, shift: bool, report: Report) -> None:
    """Fill feed_services and feed_exceptions.

    With `shift` all dates move by whole weeks, so that the first day of service is within the last seven days.
    """
    execute(_SERVICES, feed=feed)
    execute(_EXCEPTIONS)
    today = clock.today(zone)
    first: date | None = execute(_FIRST_DAY).scalar_one()
    if shift and first is not None:
        weeks = (today - first).days // 7
        move = {"days": 7 * weeks}
        execute("UPDATE feed_services SET valid_from = valid_from + :days, valid_until = valid_until + :days", **move)
        execute("UPDATE feed_exceptions SET day = day + :days", **move)
        if weeks:
            report.note(f"all dates are moved by {weeks} weeks: service begins on {first + timedelta(weeks=weeks)}")
    analyze("feed_services", "feed_exceptions")
    last: date | None = execute(_LAST_DAY).scalar_one()
    if last is None or last < today:
        when = "has no days" if last is None else f"ended on {last}"
        report.note(f"the calendar {when}: nothing of it is on sale (--shift-dates moves it to today)")
