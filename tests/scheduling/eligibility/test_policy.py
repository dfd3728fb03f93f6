"""Rules on values: licences, leave, working hours, time at the wheel and rest."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falconbus.scheduling.eligibility import policy
from falconbus.scheduling.eligibility.policy import DutyPeriod
from falconbus.scheduling.staff_records.policy import WorkingInterval

BERLIN = "Europe/Berlin"
OFFICE = "Africa/Johannesburg"
#: Clocks in Berlin go from 2 to 3 at 01:00 UTC on the first, and from 3 back to 2 on the second: both are Sundays.
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


def utc(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour, minutes=minute)


INSTANTS = st.integers(0, 16 * 1440).map(lambda minutes: utc(date(2026, 3, 20), 0, minutes))


def test_a_ride_touches_each_local_day_that_has_a_part_of_it() -> None:
    day = date(2026, 11, 28)
    assert policy.local_days(utc(day, 22), utc(day, 23), OFFICE) == [date(2026, 11, 29)]
    assert policy.local_days(utc(day, 10), utc(day, 22), OFFICE) == [day]
    assert policy.local_days(utc(day, 10), utc(day, 22, 1), OFFICE) == [day, date(2026, 11, 29)]


@given(INSTANTS, st.timedeltas(timedelta(seconds=1), timedelta(days=9)), st.sampled_from([BERLIN, OFFICE]))
def test_days_and_weeks_of_a_ride_cover_it_without_gaps(begins: datetime, length: timedelta, zone: str) -> None:
    ends = begins + length
    days = policy.local_days(begins, ends, zone)
    for spans in (policy.day_spans(days, zone), policy.week_spans(days, zone)):
        assert spans[0].begins <= begins
        assert spans[-1].ends >= ends
        assert all(one.ends == other.begins for one, other in pairwise(spans))
    assert all(span.first.isoweekday() == 1 for span in policy.week_spans(days, zone))
    # However it is cut, all of the ride is driven once.
    driven = [
        policy.driving_time([DutyPeriod(begins, ends, is_driving=True)], span) for span in policy.day_spans(days, zone)
    ]
    assert sum(driven, timedelta(0)) == length


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2026, 6, 1), 24)])
def test_a_day_on_which_clocks_change_is_shorter_or_longer(day: date, hours: int) -> None:
    duties = [
        DutyPeriod(utc(day, -200), utc(day, 200), is_driving=True),
        DutyPeriod(utc(day, 1), utc(day, 9), is_driving=False),
    ]
    (span,), (week,) = policy.day_spans([day], BERLIN), policy.week_spans([day], BERLIN)
    assert policy.driving_time(duties, span) == timedelta(hours=hours)
    assert policy.driving_time(duties, week) == timedelta(hours=6 * 24 + hours)


def test_the_fullest_day_is_told() -> None:
    day = date(2026, 11, 28)
    duties = [
        DutyPeriod(utc(day, 8), utc(day, 11), is_driving=True),
        DutyPeriod(utc(day, 30), utc(day, 34), is_driving=True),
    ]
    spans = policy.day_spans([day, date(2026, 11, 29)], OFFICE)
    most = policy.peak_driving_time(duties, spans)
    assert (most.time, most.span.first) == (timedelta(hours=4), date(2026, 11, 29))


@pytest.mark.parametrize(
    ("licences", "holds"),
    [
        ([], False),
        ([("EC", 0)], True),
        ([("EC", -1)], False),
        ([("EC", -1), ("EC", 5)], True),
        ([("EC", 5), ("EC", -1)], True),
        ([("EC", 5), ("PrDP", -1)], False),
    ],
)
def test_the_latest_of_each_kind_of_licence_counts(licences: list[tuple[str, int]], holds: bool) -> None:
    day = date(2026, 11, 28)
    rows = [(kind, day + timedelta(days=days)) for kind, days in licences]
    assert policy.licences_hold(rows, day) is holds


@pytest.mark.parametrize(
    ("hours", "begins", "ends", "within"),
    [
        ([], 0, 99, True),
        ([(6, 480, 1020)], 8, 17, True),
        ([(6, 480, 1020)], 7, 17, False),
        ([(6, 480, 1020)], 8, 18, False),
        ([(6, 480, 720), (6, 720, 1020)], 8, 17, True),
        ([(6, 480, 720), (6, 780, 1020)], 8, 17, False),
        ([(5, 1320, 1800)], 1, 6, True),
        ([(5, 1320, 1800)], 1, 7, False),
        ([(5, 1320, 1800)], -2, 6, True),
        ([(5, 480, 1020)], 8, 17, False),
        ([(6, 1320, 2880), (7, 1439, 1440)], 22, 48, True),
    ],
)
def test_all_of_a_ride_lies_within_the_working_hours(
    hours: list[tuple[int, int, int]], begins: int, ends: int, within: bool
) -> None:
    """On a Saturday, in hours of the office."""
    midnight = utc(date(2026, 11, 28), -2)
    week = [WorkingInterval(*stretch) for stretch in hours]
    times = (midnight + timedelta(hours=begins), midnight + timedelta(hours=ends))
    assert policy.is_within_hours(week, *times, OFFICE) is within


def test_working_hours_are_what_clocks_show_when_they_change() -> None:
    week = [WorkingInterval(7, 0, 480)]
    assert policy.is_within_hours(week, utc(SPRING, -1), utc(SPRING, 6), BERLIN)
    assert not policy.is_within_hours(week, utc(SPRING, -1), utc(SPRING, 6, 1), BERLIN)
    assert policy.is_within_hours(week, utc(AUTUMN, -2), utc(AUTUMN, 7), BERLIN)
    assert not policy.is_within_hours(week, utc(AUTUMN, -2), utc(AUTUMN, 7, 1), BERLIN)


@given(INSTANTS, st.timedeltas(timedelta(minutes=1), timedelta(days=3)))
def test_who_works_around_the_clock_is_never_outside(begins: datetime, length: timedelta) -> None:
    week = [WorkingInterval(day, begins, begins + 720) for day in range(1, 8) for begins in (0, 720)]
    assert policy.is_within_hours(week, begins, begins + length, BERLIN)


@pytest.mark.parametrize(
    ("first", "last", "on_leave"), [(-2, -1, False), (-1, 0, True), (1, 1, True), (2, 5, True), (3, 3, False)]
)
def test_both_ends_of_a_leave_are_leave(first: int, last: int, on_leave: bool) -> None:
    day = date(2026, 11, 28)
    leave = (day + timedelta(days=first), day + timedelta(days=last))
    assert policy.is_on_leave([leave], [day + timedelta(days=days) for days in range(3)]) is on_leave


def test_rest_is_between_duties_that_begin_on_different_days() -> None:
    day = date(2026, 11, 28)
    evening, night, morning = (DutyPeriod(utc(day, at), utc(day, at + 3), is_driving=True) for at in (15, 20, 29))
    assert not policy.needs_rest_between(evening, night, OFFICE)
    assert policy.needs_rest_between(night, morning, OFFICE)
    assert policy.neighbours([morning, evening], night) == (evening, morning)
    assert policy.neighbours([night], night) == (None, None)
