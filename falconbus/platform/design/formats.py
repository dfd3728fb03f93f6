"""Dates, times and money as people read them, in mails and notices, on papers and on pages.

Times are those of the zone that the given datetime is in.
"""

from datetime import date, datetime, timedelta

from babel.dates import format_date, format_datetime

from falconbus.platform.kit import money

LANGUAGE = "en_ZA"
#: Of what the staff are told: their notices abbreviate September to `Sep`; CLDR's `en_ZA` has `Sept`.
STAFF_LANGUAGE = "en"

_MINUTE = timedelta(minutes=1)


def day(at: datetime) -> str:
    """`Friday 18 December 2026`."""
    return format_datetime(at, "EEEE d MMMM yyyy", locale=LANGUAGE)


def short_day(at: date, language: str = LANGUAGE) -> str:
    """`Fri 18 Dec`."""
    return format_date(at, "EEE d MMM", locale=language)


def moment(at: datetime, language: str = LANGUAGE) -> str:
    """`Fri 18 Dec, 07:00`."""
    return format_datetime(at, "EEE d MMM, HH:mm", locale=language)


def staff_moment(at: datetime) -> str:
    """`Fri 18 Dec 07:00`, in the titles and lists of what the staff are told, which have commas of their own."""
    return format_datetime(at, "EEE d MMM HH:mm", locale=STAFF_LANGUAGE)


def dated_moment(at: datetime) -> str:
    """`18 Dec 2026, 07:00`."""
    return format_datetime(at, "d MMM y, HH:mm", locale=LANGUAGE)


def exact_moment(at: datetime) -> str:
    """`18 Dec, 07:00:09`."""
    return format_datetime(at, "d MMM, HH:mm:ss", locale=LANGUAGE)


def staff_period(begins: datetime, ends: datetime) -> str:
    """`Sat 05 Dec 2026 10:00 to Sat 05 Dec 2026 12:00 (UTC+0200)`, as the staff are told; the offset is the end's."""
    begin, end = (format_datetime(at, "EEE dd MMM y HH:mm", locale=STAFF_LANGUAGE) for at in (begins, ends))
    return f"{begin} to {end} (UTC{ends:%z})"


def clock_time(at: datetime) -> str:
    """`07:00`."""
    return format_datetime(at, "HH:mm", locale=LANGUAGE)


def zone(at: datetime) -> str:
    """`Windhoek time`, by the city that the zone of a local time is named after."""
    return f"{format_datetime(at, 'VVV', locale=LANGUAGE)} time"


def utc_offset(at: datetime) -> str:
    """`UTC+02:00`."""
    # Not Babel's `xxx`: it has -04:30 for the -03:30 of St. John's (2.18).
    return f"UTC{at.isoformat()[-6:]}"


# Durations are put together here, because CLDR's English has `6 hrs 30 mins` or `6h 30m`.
def duration(length: timedelta) -> str:
    """`6 h 05 min` or `30 min`, on one line; rounded to minutes."""
    hours, minutes = divmod(round(length / _MINUTE), 60)
    return f"{hours}\u00a0h\u00a0{minutes:02}\u00a0min" if hours else f"{minutes}\u00a0min"


def hours_first_duration(length: timedelta) -> str:
    """`6 h 05 min`, `0 h 30 min` or `6 h`; rounded to minutes."""
    hours, minutes = divmod(round(length / _MINUTE), 60)
    return f"{hours} h {minutes:02} min" if minutes else f"{hours} h"


def shortest_duration(length: timedelta) -> str:
    """`6 h 5 min`, `30 min` or `6 h`; seconds are left out."""
    hours, minutes = divmod(length // _MINUTE, 60)
    return " ".join([f"{hours} h"] * (hours > 0 or minutes == 0) + [f"{minutes} min"] * (minutes > 0))


def amount(value: int, currency: str) -> str:
    """`R420,00`, from the smallest unit."""
    return money.for_people(value, currency, LANGUAGE)
