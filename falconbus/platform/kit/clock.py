"""The clock: the only module that reads the present time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def today(time_zone: str) -> date:
    """Return the present calendar day in `time_zone`."""
    return now().astimezone(ZoneInfo(time_zone)).date()


def service_instant(day: date, minutes: int, time_zone: str) -> datetime:
    """Return the instant of a timetable time: `minutes` after noon less twelve hours of the service day.

    That is GTFS's definition of a time (gtfs.org, "Time"): it equals the wall clock on every day of the year for
    departures after the change of a daylight-saving night, and goes past 24:00 without ambiguity.
    """
    noon = datetime.combine(day, time(12), ZoneInfo(time_zone)).astimezone(UTC)
    return noon + timedelta(minutes=minutes - 12 * 60)


def day_bounds(day: date, time_zone: str) -> tuple[datetime, datetime]:
    """Return the instants at which a calendar day begins and ends in `time_zone`."""
    zone = ZoneInfo(time_zone)
    begins, ends = (datetime.combine(day + timedelta(days=days), time(), zone).astimezone(UTC) for days in (0, 1))
    return begins, ends


def local(instant: datetime, time_zone: str) -> datetime:
    """Return the same instant with the offset of `time_zone`."""
    return instant.astimezone(ZoneInfo(time_zone))
