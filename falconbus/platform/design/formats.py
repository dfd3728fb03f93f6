"""Dates, times and money as people read them, in mails, on papers and on pages."""

from datetime import datetime, timedelta

from babel.dates import format_datetime

from falconbus.platform.kit import money

LANGUAGE = "en_ZA"


def day(at: datetime) -> str:
    """`Friday 18 December 2026`."""
    return format_datetime(at, "EEEE d MMMM yyyy", locale=LANGUAGE)


def short_day(at: datetime) -> str:
    """`Fri 18 Dec`."""
    return format_datetime(at, "EEE d MMM", locale=LANGUAGE)


def moment(at: datetime) -> str:
    """`Fri 18 Dec, 07:00`."""
    return format_datetime(at, "EEE d MMM, HH:mm", locale=LANGUAGE)


def clock_time(at: datetime) -> str:
    """`07:00`."""
    return format_datetime(at, "HH:mm", locale=LANGUAGE)


def zone(at: datetime) -> str:
    """`Windhoek time`, by the city that the zone of a local time is named after."""
    return f"{format_datetime(at, 'VVV', locale=LANGUAGE)} time"


def duration(length: timedelta) -> str:
    """`6 h 30 min`, on one line."""
    hours, minutes = divmod(round(length.total_seconds() / 60), 60)
    return f"{hours}\u00a0h\u00a0{minutes:02}\u00a0min" if hours else f"{minutes}\u00a0min"


def amount(value: int, currency: str) -> str:
    """`R420,00`, from the smallest unit."""
    return money.for_people(value, currency, LANGUAGE)
