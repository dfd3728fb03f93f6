"""Dates, times and lengths in words: each month and each weekday, to the character."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from falconbus.platform.design import formats

HERE = ZoneInfo("Africa/Johannesburg")
#: What the staff are told, and what passengers read: CLDR's South African English differs in September.
STAFF_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
MONTHS = [month.replace("Sep", "Sept") for month in STAFF_MONTHS]
WEEKDAYS = [
    ("Mon", "Monday"),
    ("Tue", "Tuesday"),
    ("Wed", "Wednesday"),
    ("Thu", "Thursday"),
    ("Fri", "Friday"),
    ("Sat", "Saturday"),
    ("Sun", "Sunday"),
]
#: The fifth of each month of 2026.
FIFTHS = ["Mon", "Thu", "Thu", "Sun", "Tue", "Fri", "Sun", "Wed", "Sat", "Mon", "Thu", "Sat"]


@pytest.mark.parametrize("number", range(1, 13))
def test_months_are_abbreviated_for_the_staff(number: int) -> None:
    weekday, month = FIFTHS[number - 1], STAFF_MONTHS[number - 1]
    at = datetime(2026, number, 5, 7, 3, 9, tzinfo=HERE)
    assert formats.short_day(at.date(), formats.STAFF_LANGUAGE) == f"{weekday} 5 {month}"
    assert formats.moment(at, formats.STAFF_LANGUAGE) == f"{weekday} 5 {month}, 07:03"
    assert formats.staff_moment(at) == f"{weekday} 5 {month} 07:03"
    told = f"{weekday} 05 {month} 2026 07:03 to {weekday} 05 {month} 2026 19:03 (UTC+0200)"
    assert formats.staff_period(at, at + timedelta(hours=12)) == told


@pytest.mark.parametrize("number", range(1, 13))
def test_months_are_abbreviated_on_pages_and_in_mails(number: int) -> None:
    weekday, month = FIFTHS[number - 1], MONTHS[number - 1]
    at = datetime(2026, number, 5, 7, 3, 9, tzinfo=HERE)
    assert formats.short_day(at) == formats.short_day(at.date()) == f"{weekday} 5 {month}"
    assert formats.moment(at) == f"{weekday} 5 {month}, 07:03"
    assert formats.dated_moment(at) == f"5 {month} 2026, 07:03"
    assert formats.exact_moment(at) == f"5 {month}, 07:03:09"


@pytest.mark.parametrize(("place", "short", "long"), [(place, *names) for place, names in enumerate(WEEKDAYS)])
def test_weekdays_are_named(place: int, short: str, long: str) -> None:
    at = datetime(2026, 12, 14 + place, 23, 59, tzinfo=HERE)
    assert formats.day(at) == f"{long} {at.day} December 2026"
    assert formats.short_day(at) == formats.short_day(at, formats.STAFF_LANGUAGE) == f"{short} {at.day} Dec"
    assert formats.moment(at) == formats.moment(at, formats.STAFF_LANGUAGE) == f"{short} {at.day} Dec, 23:59"
    assert formats.staff_moment(at) == f"{short} {at.day} Dec 23:59"


def test_the_offset_of_a_period_is_right_west_of_greenwich() -> None:
    at = datetime(2026, 12, 5, 10, tzinfo=ZoneInfo("America/St_Johns"))
    assert formats.staff_period(at, at) == "Sat 05 Dec 2026 10:00 to Sat 05 Dec 2026 10:00 (UTC-0330)"


def test_a_period_has_the_offset_of_its_end() -> None:
    begins = datetime(2026, 12, 5, 10, tzinfo=HERE)
    ends = datetime(2026, 12, 6, 0, 30, tzinfo=ZoneInfo("Africa/Nairobi"))
    assert formats.staff_period(begins, ends) == "Sat 05 Dec 2026 10:00 to Sun 06 Dec 2026 00:30 (UTC+0300)"


@pytest.mark.parametrize(
    ("zone", "offset", "city"),
    [
        ("UTC", "UTC+00:00", None),
        ("Africa/Johannesburg", "UTC+02:00", "Johannesburg time"),
        ("Asia/Kolkata", "UTC+05:30", "Kolkata time"),
        ("America/St_Johns", "UTC-03:30", "St John\u2019s time"),
    ],
)
def test_zones_are_told_by_offset_and_city(zone: str, offset: str, city: str | None) -> None:
    at = datetime(2026, 12, 5, 10, tzinfo=ZoneInfo(zone))
    assert formats.utc_offset(at) == offset
    assert city is None or formats.zone(at) == city


def test_times_of_day_have_two_digits() -> None:
    assert formats.clock_time(datetime(2026, 12, 5, 0, 5, tzinfo=HERE)) == "00:05"


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0, "0 h"), (30, "30 min"), (540, "9 h"), (545, "9 h 5 min"), (690, "11 h 30 min"), (3000, "50 h")],
)
def test_the_shortest_durations_leave_out_what_is_nothing(minutes: int, text: str) -> None:
    assert formats.shortest_duration(timedelta(minutes=minutes, seconds=59)) == text


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "0 h"), (5, "0 h 05 min"), (540, "9 h"), (545, "9 h 05 min"), (3000, "50 h")]
)
def test_durations_that_begin_with_hours_are_rounded_to_minutes(minutes: int, text: str) -> None:
    assert formats.hours_first_duration(timedelta(minutes=minutes, seconds=29)) == text
    assert formats.hours_first_duration(timedelta(minutes=minutes, seconds=-29)) == text


@pytest.mark.parametrize(("minutes", "text"), [(5, "5 min"), (540, "9 h 00 min"), (545, "9 h 05 min")])
def test_durations_on_papers_stay_on_one_line(minutes: int, text: str) -> None:
    assert formats.duration(timedelta(minutes=minutes, seconds=29)) == text.replace(" ", "\u00a0")


def test_a_day_of_a_week_is_told_without_its_time() -> None:
    assert formats.short_day(date(2026, 12, 5), formats.STAFF_LANGUAGE) == "Sat 5 Dec"
