"""Each ride has a bus to itself, however long it is and whatever block it is in."""

import pytest
from flask_sqlalchemy import SQLAlchemy

from falconbus.gtfs.errors import FeedRefused
from tests.gtfs.feeds import feed, gtfs_day, load, row, rows, today

HEADER = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
OVERLAPS = """
    SELECT count(*) FROM schedules AS one JOIN schedules AS other USING (bus_id)
    WHERE one.id < other.id AND one.departure_time < other.arrival_time AND other.departure_time < one.arrival_time
"""


def lasting(hours: int) -> str:
    return f"{HEADER}T1,08:00:00,08:00:00,a,1\nT1,{8 + hours}:00:00,{8 + hours}:00:00,c,2\n"


@pytest.mark.parametrize(("hours", "buses"), [(22, 1), (23, 1), (24, 3), (47, 3), (48, 4), (71, 4), (143, 7)])
def test_a_long_ride_every_day_has_as_many_buses_as_are_away_at_once(
    hours: int, buses: int, database: SQLAlchemy
) -> None:
    report = load(feed(stop_times=lasting(hours)), horizon_days=30)
    assert row(OVERLAPS) == (0,)
    assert row("SELECT count(*) FROM buses WHERE number LIKE 'TL-%'") == (buses,)
    assert row("SELECT count(DISTINCT departure_time) = count(*) FROM schedules") == (True,)
    assert (report.counts["timetables"], report.counts["calendars"]) == (1, 1)
    assert report.counts["schedules"] in (30, 31)
    assert load(feed(stop_times=lasting(hours)), horizon_days=30).counts["schedules"] == 0


def test_added_days_of_a_long_ride_have_buses_too(database: SQLAlchemy) -> None:
    """Single dates, one after the other, and no weekly rule."""
    days = [today().toordinal() + ahead for ahead in range(3, 8)]
    dates = "service_id,date,exception_type\n" + "".join(
        f"DAILY,{gtfs_day(today().fromordinal(day))},1\n" for day in days
    )
    load(feed(stop_times=lasting(30), calendar=None, calendar_dates=dates))
    assert row("SELECT count(*) FROM schedules") == (5,)
    assert row(OVERLAPS) == (0,)


def test_a_ride_that_takes_longer_than_a_week_is_refused_by_name(database: SQLAlchemy) -> None:
    with pytest.raises(FeedRefused) as refusal:
        load(feed(stop_times=lasting(170)))
    assert [str(fault) for fault in refusal.value.report.faults] == [
        "trips.txt:2: trip T1 and turning round take 8 days; give it 7 at most, or leave it out"
    ]


def test_trips_of_a_block_that_overlap_have_a_bus_each(database: SQLAlchemy) -> None:
    trips = "route_id,service_id,trip_id,block_id\n" + "".join(f"R,DAILY,T{number},x\n" for number in (1, 2, 3))
    times = HEADER + "".join(
        f"T{number},{begins},{begins},a,1\nT{number},{ends},{ends},c,2\n"
        for number, begins, ends in ((1, "8:00:00", "9:30:00"), (2, "9:00:00", "10:00:00"), (3, "9:30:00", "10:30:00"))
    )
    load(feed(trips=trips, stop_times=times))
    assert row(OVERLAPS) == (0,)
    numbers = rows("SELECT b.number FROM timetables t JOIN buses b ON b.id = t.bus_id ORDER BY t.departure_minutes, 1")
    assert numbers == [("TL-001",), ("TL-002",), ("TL-001",)]
