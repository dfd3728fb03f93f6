"""Days of service: rules, exceptions, single dates, and whole calendars moved to today."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from flask_sqlalchemy import SQLAlchemy

from falconbus.gtfs.errors import BadImportOption
from falconbus.gtfs.importing import importer
from tests.gtfs.feeds import ZONE, feed, gtfs_day, load, row, rows, today

HEADER = "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
DATES = "service_id,date,exception_type\n"


def days() -> list[date]:
    return [day for (day,) in rows(f"SELECT (departure_time AT TIME ZONE '{ZONE}')::date FROM schedules ORDER BY 1")]


def test_exceptions_add_days_and_take_them_out(database: SQLAlchemy) -> None:
    with time_machine.travel(datetime(2026, 5, 4, 1, tzinfo=UTC), tick=False):  # a Monday
        calendar = HEADER + "DAILY,1,0,0,0,0,1,0,20260401,20260601\n"
        dates = DATES + "DAILY,20260509,2\nDAILY,20260513,1\nDAILY,20260615,1\n"
        load(feed(calendar=calendar, calendar_dates=dates), horizon_days=60)
        found = days()
    assert found[:4] == [date(2026, 5, day) for day in (4, 11, 13, 16)]
    assert found[-2:] == [date(2026, 6, 1), date(2026, 6, 15)]
    assert row("SELECT weekdays FROM calendars") == (0b0100001,)


def test_a_service_of_single_dates_needs_no_calendar(database: SQLAlchemy) -> None:
    dates = DATES + "".join(f"DAILY,{gtfs_day(today() + timedelta(days=ahead))},1\n" for ahead in (3, 5))
    report = load(feed(calendar=None, calendar_dates=dates))
    assert days() == [today() + timedelta(days=ahead) for ahead in (3, 5)]
    assert report.counts["calendars"] == 1
    assert row("SELECT weekdays FROM calendars") == (0,)


def test_a_calendar_that_has_ended_is_told_and_sells_nothing(database: SQLAlchemy) -> None:
    report = load(feed(calendar=HEADER + "DAILY,1,1,1,1,1,1,1,20140101,20141231\n"))
    assert report.counts["schedules"] == 0
    assert report.counts["timetables"] == 1
    assert report.notes[-1] == (
        "the calendar ended on 2014-12-31: nothing of it is on sale (--shift-dates moves it to today)"
    )


def test_moved_dates_keep_their_weekdays_and_begin_within_the_last_seven_days(database: SQLAlchemy) -> None:
    calendar = HEADER + "DAILY,0,0,0,0,0,1,0,20140101,20141231\n"  # Saturdays; the first is 4 January
    dates = DATES + "DAILY,20140107,1\n"
    load(feed(calendar=calendar, calendar_dates=dates), shift_dates=True)
    begin, end, extra = row("SELECT valid_from, valid_until, day FROM calendars JOIN calendar_dates ON true")
    moved = begin - date(2014, 1, 1)
    assert moved.days % 7 == 0
    assert timedelta(0) <= today() - (date(2014, 1, 4) + moved) < timedelta(days=7)
    assert (end - date(2014, 12, 31), extra - date(2014, 1, 7)) == (moved, moved)
    assert {day.isoweekday() for day in days() if day != extra} == {6}


def test_a_feed_of_the_future_is_moved_back(database: SQLAlchemy) -> None:
    begin = today() + timedelta(days=100)
    calendar = HEADER + f"DAILY,1,1,1,1,1,1,1,{gtfs_day(begin)},{gtfs_day(begin + timedelta(days=30))}\n"
    load(feed(calendar=calendar), shift_dates=True)
    assert timedelta(0) <= today() - row("SELECT valid_from FROM calendars")[0] < timedelta(days=7)


def test_moved_twice_on_one_day_it_stays_where_it_is(database: SQLAlchemy) -> None:
    files = feed(calendar=HEADER + "DAILY,1,1,1,1,1,1,1,20140101,20141231\n")
    load(files, shift_dates=True)
    before = rows("SELECT id, departure_time FROM schedules ORDER BY 1")
    assert load(files, shift_dates=True).counts["schedules"] == 0
    assert rows("SELECT id, departure_time FROM schedules ORDER BY 1") == before


UNUSED = "IDLE,1,1,1,1,1,1,1,{},99991231\n"


def note_on_sale(**changes: str) -> str:
    """What a report says last when nothing is on sale."""
    report = load(feed(**changes))
    assert report.counts["schedules"] == 0
    return report.notes[-1]


def test_a_calendar_that_nothing_uses_does_not_hide_that_the_used_ones_have_ended(database: SQLAlchemy) -> None:
    calendar = HEADER + "DAILY,1,1,1,1,1,1,1,20140101,20141231\n" + UNUSED.format("20260101")
    assert note_on_sale(calendar=calendar) == (
        "the calendar ended on 2014-12-31: nothing of it is on sale (--shift-dates moves it to today)"
    )


def test_calendars_that_nothing_uses_do_not_decide_how_far_dates_are_moved(database: SQLAlchemy) -> None:
    calendar = HEADER + "DAILY,1,1,1,1,1,1,1,20140101,20141231\n" + UNUSED.format("19990101")
    assert load(feed(calendar=calendar), shift_dates=True).counts["schedules"] > 50


@pytest.mark.parametrize("begins", ["20140101", "99990101"])
def test_dates_are_moved_though_the_calendar_lasts_until_the_year_9999(begins: str, database: SQLAlchemy) -> None:
    dates = DATES + "DAILY,99991230,2\n"
    calendar = HEADER + f"DAILY,1,1,1,1,1,1,1,{begins},99991231\n"
    assert load(feed(calendar=calendar, calendar_dates=dates), shift_dates=True).counts["schedules"] > 50


def test_nothing_on_sale_is_told_with_its_reason(database: SQLAlchemy) -> None:
    later = gtfs_day(today() + timedelta(days=100))
    assert note_on_sale(calendar=HEADER + f"DAILY,1,1,1,1,1,1,1,{later},99991231\n").startswith(
        f"service begins on {today() + timedelta(days=100)}, after the 60 days ahead that are sold"
    )
    assert note_on_sale(calendar=HEADER + "DAILY,0,0,0,0,0,0,0,20140101,99991231\n").startswith(
        "the calendar has no days"
    )
    one_stop = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\nT1,08:00:00,08:00:00,a,1\n"
    assert note_on_sale(stop_times=one_stop).startswith("no trip calls at two stops")


def test_nothing_on_sale_because_staff_took_it_off_is_told_too(database: SQLAlchemy) -> None:
    assert not any("on sale" in note for note in load(feed()).notes)
    database.session.connection().exec_driver_sql("UPDATE routes SET active = false")
    database.session.commit()
    assert note_on_sale().startswith("nothing of it is on sale: its departures have left")


def test_a_feed_of_very_many_departures_asks_first(database: SQLAlchemy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "MANY_DEPARTURES", 30)
    with pytest.raises(BadImportOption, match="the feed makes 61 departures in 60 days"):
        load(feed())
    assert rows("SELECT count(*) FROM stops") == [(0,)]
    assert not any("departures" in note for note in load(feed(), horizon_days=20).notes)
    assert load(feed(), horizon_days=40).notes == ["the feed makes 41 departures in 40 days"]
