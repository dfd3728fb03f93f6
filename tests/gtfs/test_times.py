"""Times of a feed: local, interpolated, repeated, past midnight, and in whole minutes."""

from datetime import UTC, date, datetime, timedelta

import time_machine
from flask_sqlalchemy import SQLAlchemy

from falconbus.platform.kit import clock
from tests.gtfs.feeds import feed, load, row, rows

HEADER = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
TIMETABLE = "SELECT departure_minutes, arrivals, departures FROM timetables"


def test_minutes_count_from_the_departure(database: SQLAlchemy) -> None:
    load(feed())
    assert row(TIMETABLE) == (480, [0, 60, 150], [0, 65, 150])


def test_seconds_are_floored_to_the_minute_of_the_clock(database: SQLAlchemy) -> None:
    load(feed(stop_times=HEADER + "T1,8:00:40,8:00:40,a,1\nT1,9:01:10,9:01:50,b,2\nT1,10:00:00,10:00:00,c,3\n"))
    assert row(TIMETABLE) == (480, [0, 61, 120], [0, 61, 120])


def test_rows_may_come_in_any_order_with_gaps_in_the_sequence(database: SQLAlchemy) -> None:
    load(feed(stop_times=HEADER + "T1,10:00:00,10:00:00,c,70\nT1,8:00:00,8:00:00,a,5\nT1,9:00:00,9:00:00,b,60\n"))
    assert row(TIMETABLE) == (480, [0, 60, 120], [0, 60, 120])


def test_one_time_of_two_stands_for_both_and_blanks_around_values_are_nothing(database: SQLAlchemy) -> None:
    load(feed(stop_times=HEADER + "T1,, 8:00:00 ,a,1\nT1, 9:00:00,,b , 2\nT1,10:00:00,,c,3\n"))
    assert row(TIMETABLE) == (480, [0, 60, 120], [0, 60, 120])


def test_blank_times_are_interpolated_by_great_circle(database: SQLAlchemy) -> None:
    """b lies half way between a and c, d half way between b and c."""
    stops = feed()["stops.txt"] + "d,Delta,-24.5,28.0\n"
    times = HEADER + "T1,8:00:00,8:00:00,a,1\nT1,,,b,2\nT1,,,d,3\nT1,10:00:00,10:00:00,c,4\n"
    load(feed(stops=stops, stop_times=times))
    assert row(TIMETABLE) == (480, [0, 60, 90, 120], [0, 60, 90, 120])


def test_blank_times_are_interpolated_by_the_feeds_own_distances_where_it_has_them(database: SQLAlchemy) -> None:
    header = HEADER.replace("\n", ",shape_dist_traveled\n")
    times = header + "T1,8:00:00,8:00:00,a,1,0\nT1,,,b,2,10\nT1,10:00:00,10:00:00,c,3,100\n"
    load(feed(stop_times=times))
    assert row(TIMETABLE) == (480, [0, 12, 120], [0, 12, 120])


def test_blank_times_at_one_place_are_spread_evenly(database: SQLAlchemy) -> None:
    stops = "stop_id,stop_name,stop_lat,stop_lon\na,A,-26,28\nb,B,-26,28\nc,C,-26,28\n"
    load(feed(stops=stops, stop_times=HEADER + "T1,8:00:00,8:00:00,a,1\nT1,,,b,2\nT1,10:00:00,10:00:00,c,3\n"))
    assert row(TIMETABLE) == (480, [0, 60, 120], [0, 60, 120])


def test_blanks_between_several_timepoints_keep_to_their_own_stretch(database: SQLAlchemy) -> None:
    times = HEADER + ("T1,8:00:00,8:00:00,a,1\nT1,,,b,2\nT1,9:00:00,9:30:00,c,3\nT1,,,b,4\nT1,10:30:00,10:30:00,a,5\n")
    load(feed(stop_times=times))
    assert row(TIMETABLE) == (480, [0, 30, 60, 120, 150], [0, 30, 90, 120, 150])


def test_a_departure_past_24_hours_belongs_to_the_service_day_before(database: SQLAlchemy) -> None:
    with time_machine.travel(datetime(2026, 5, 4, 10, tzinfo=UTC), tick=False):
        times = HEADER + "T1,25:30:00,25:30:00,a,1\nT1,27:00:00,27:00:00,c,2\n"
        load(feed(stop_times=times), horizon_days=1)
        instants = [instant for (instant,) in rows("SELECT departure_time FROM schedules ORDER BY 1")]
    # 5 May 01:30 in Johannesburg is the coach of 4 May.
    assert instants == [datetime(2026, 5, 4, 23, 30, tzinfo=UTC), datetime(2026, 5, 5, 23, 30, tzinfo=UTC)]


def test_local_times_are_the_feeds_in_summer_and_in_winter(database: SQLAlchemy) -> None:
    agency = "agency_id,agency_name,agency_url,agency_timezone\nTL,Test Lines,https://t.example,America/New_York\n"
    with time_machine.travel(datetime(2026, 10, 20, tzinfo=UTC), tick=False):
        load(feed(agency=agency), horizon_days=20)
        instants = {instant for (instant,) in rows("SELECT departure_time FROM schedules")}
    assert datetime(2026, 10, 31, 12, tzinfo=UTC) in instants
    assert datetime(2026, 11, 1, 13, tzinfo=UTC) in instants
    assert {clock.local(instant, "America/New_York").strftime("%H:%M") for instant in instants} == {"08:00"}


def test_each_agency_keeps_its_time_zone(database: SQLAlchemy) -> None:
    agency = (
        "agency_id,agency_name,agency_url,agency_timezone\n"
        "TL,Test Lines,https://t.example,Africa/Johannesburg\nNL,Namib Lines,https://n.example,Africa/Windhoek\n"
        "LL,London Lines,https://l.example,Europe/London\n"
    )
    routes = feed()["routes.txt"] + "L,LL,,London Line,3\n"
    stops = feed()["stops.txt"] + "x,Xi,51.0,0.0\ny,Ypsilon,52.0,0.0\n"
    times = feed()["stop_times.txt"] + "T2,08:00:00,08:00:00,x,1\nT2,09:00:00,09:00:00,y,2\n"
    load(feed(agency=agency, routes=routes, stops=stops, trips=feed()["trips.txt"] + "L,DAILY,T2\n", stop_times=times))
    zones = rows(
        "SELECT t.time_zone, o.time_zone FROM timetables t JOIN routes r ON r.id = t.route_id"
        " JOIN stops o ON o.id = r.origin_id ORDER BY t.id"
    )
    assert zones == [("Africa/Johannesburg",) * 2, ("Europe/London",) * 2]


def test_a_stops_own_zone_or_its_stations_comes_before_the_agencys(database: SQLAlchemy) -> None:
    stops = (
        "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station,stop_timezone\n"
        "a,A,-26,28,0,,\nb,B,-25,28,,S,\nc,C,-24,28,0,,Africa/Maputo\nS,Station,-25,28,1,,Africa/Gaborone\n"
    )
    load(feed(stops=stops))
    assert rows("SELECT name, time_zone FROM stops ORDER BY id") == [
        ("A", "Africa/Johannesburg"),
        ("Station, B", "Africa/Gaborone"),
        ("C", "Africa/Maputo"),
    ]


def test_a_trip_that_repeats_is_a_timetable_for_each_departure(database: SQLAlchemy) -> None:
    frequencies = "trip_id,start_time,end_time,headway_secs\nT1,6:00:00,8:00:00,3600\nT1,23:30:00,24:30:00,1800\n"
    report = load(feed(frequencies=frequencies))
    assert report.counts["timetables"] == 4
    assert rows("SELECT departure_minutes, arrivals FROM timetables ORDER BY 1") == [
        (360, [0, 60, 150]),
        (420, [0, 60, 150]),
        (1410, [0, 60, 150]),
        (1440, [0, 60, 150]),
    ]


def test_schedules_of_the_horizon_are_on_sale_at_once(database: SQLAlchemy) -> None:
    with time_machine.travel(datetime(2026, 5, 4, 10, tzinfo=UTC), tick=False):
        report = load(feed(), horizon_days=3)
        schedules = rows("SELECT departure_time, arrival_time, seats, active FROM schedules ORDER BY 1")
    # Today's coach has left.
    first = datetime(2026, 5, 5, 6, tzinfo=UTC)
    assert report.counts["schedules"] == 3
    assert schedules == [
        (first + timedelta(days=day), first + timedelta(days=day, minutes=150), 49, True) for day in range(3)
    ]
    assert first.date() == date(2026, 5, 5)
