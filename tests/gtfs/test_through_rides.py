"""In-seat transfers: who stays in the coach from A to D buys one ride."""

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests.calls import hold
from tests.gtfs.feeds import Feed, feed, load, row, rows
from tests.gtfs.versions import schedule_ids

HEADER = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
TRANSFERS = "from_stop_id,to_stop_id,from_trip_id,to_trip_id,transfer_type\n"
STATED = TRANSFERS + "c,c,T1,T2,4\n"
STOPS = feed()["stops.txt"] + 'd,"Delta, Port",-23.0,28.0\ne,"Echo, Pier",-22.0,28.0\n'
RIDES = """
    SELECT array_agg(stops.code ORDER BY call.position)
    FROM timetables JOIN route_stops AS call USING (route_id) JOIN stops ON stops.id = call.stop_id
    WHERE timetables.active GROUP BY timetables.id ORDER BY 1
"""
APART = [(["ALP", "BET", "GAM"],), (["GAM", "DEL"],)]
ONE_RIDE = [(["ALP", "BET", "GAM", "DEL"],)]


def two_trips(second: str = "T2,10:40:00,10:40:00,c,1\nT2,12:00:00,12:00:00,d,2\n", **changes: str | None) -> Feed:
    """The base feed's trip from A to C, and one of another route from C on."""
    block = changes.pop("block", "")
    return feed(
        **{
            "stops": STOPS,
            "routes": feed()["routes.txt"] + "R2,TL,2,The Far North Line,3\n",
            "trips": f"route_id,service_id,trip_id,block_id\nR,DAILY,T1,{block}\nR2,DAILY,T2,{block}\n",
            "stop_times": feed()["stop_times.txt"] + second,
            **changes,
        }
    )


@pytest.mark.parametrize("files", [two_trips(transfers=STATED), two_trips(block="x")], ids=["transfers", "block"])
def test_it_is_sold_from_a_to_d(files: Feed, database: SQLAlchemy, client: FlaskClient) -> None:
    report = load(files)
    assert report.notes[0] == "1 trips go on from others without a change: they are sold as one ride"
    assert rows(RIDES) == ONE_RIDE
    assert row("SELECT departure_minutes, arrivals, departures FROM timetables") == (
        480,
        [0, 60, 150, 240],
        [0, 65, 160, 240],
    )
    assert row("SELECT name FROM routes WHERE active") == ("Alpha - Delta",)
    for origin, destination in (("ALP", "DEL"), ("BET", "DEL"), ("GAM", "DEL"), ("ALP", "GAM")):
        hold(client, schedule_ids()[3], origin, destination)
    assert load(files).counts["schedules"] == 0


@pytest.mark.parametrize(
    "files",
    [
        two_trips(),
        two_trips(transfers=TRANSFERS + "c,c,T1,T2,2\nc,c,,,4\nc,c,T1,NONE,4\n"),
        two_trips(block="x", transfers=TRANSFERS + "c,c,T1,T2,5\n"),
        two_trips("T2,10:00:00,10:00:00,c,1\nT2,12:00:00,12:00:00,d,2\n", transfers=STATED),
        two_trips("T2,11:01:00,11:01:00,c,1\nT2,12:00:00,12:00:00,d,2\n", block="x"),
        two_trips(block="x", calendar=feed()["calendar.txt"] + feed()["calendar.txt"].split("\n")[1].replace(
            "DAILY", "ALSO") + "\n", trips="route_id,service_id,trip_id,block_id\nR,DAILY,T1,x\nR2,ALSO,T2,x\n"),
    ],
    ids=["nothing says so", "another transfer", "not in the seat", "before it is there", "a long wait", "other days"],
)  # fmt: skip
def test_other_trips_stay_rides_of_their_own(files: Feed, database: SQLAlchemy) -> None:
    assert not any("without a change" in note for note in load(files).notes)
    assert rows(RIDES) == APART


def test_a_block_that_turns_back_is_two_rides(database: SQLAlchemy) -> None:
    """By the same stops, and by those across the road, whose ids and names are others."""
    load(two_trips("T2,10:40:00,10:40:00,c,1\nT2,12:00:00,12:00:00,b,2\n", block="x"))
    assert rows(RIDES) == [(["ALP", "BET", "GAM"],), (["GAM", "BET"],)]
    across = STOPS + "b2,Opposite the square,-25.0,28.001\n"
    load(two_trips("T2,10:40:00,10:40:00,c,1\nT2,12:00:00,12:00:00,b2,2\n", block="x", stops=across))
    assert rows(RIDES) == [(["ALP", "BET", "GAM"],), (["GAM", "OPP"],)]


def test_a_chain_is_one_ride_and_bays_of_a_station_are_two_calls(database: SQLAlchemy, client: FlaskClient) -> None:
    stops = (
        "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\na,A,-26,28,,\nb,B,-25,28,,\n"
        "S,Gamma,-24,28,1,\nc,Gamma Bay 1,-24,28,,S\nc2,Gamma Bay 2,-24,28,,S\nd,D,-23,28,,\ne,E,-22,28,,\n"
    )
    later = "T2,10:40:00,10:40:00,c2,1\nT2,12:00:00,12:00:00,d,2\nT3,12:10:00,12:10:00,d,1\nT3,13:00:00,13:00:00,e,2\n"
    trips = "route_id,service_id,trip_id,block_id\n" + "".join(f"R,DAILY,T{number},x\n" for number in (1, 2, 3))
    report = load(two_trips(later, stops=stops, trips=trips))
    assert report.notes[0] == "2 trips go on from others without a change: they are sold as one ride"
    assert row("SELECT arrivals, departures, boards, alights FROM timetables") == (
        [0, 60, 150, 160, 240, 300],
        [0, 65, 150, 160, 250, 300],
        [True, True, False, True, True, True],
        [True, True, True, False, True, True],
    )


def test_a_vehicle_that_is_divided_goes_on_as_none(database: SQLAlchemy) -> None:
    trips = "route_id,service_id,trip_id\nR,DAILY,T1\nR2,DAILY,T2\nR2,DAILY,T3\n"
    later = "T2,10:40:00,10:40:00,c,1\nT2,12:00:00,12:00:00,d,2\nT3,10:40:00,10:40:00,c,1\nT3,12:00:00,12:00:00,e,2\n"
    load(two_trips(later, trips=trips, transfers=STATED + "c,c,T1,T3,4\n"))
    assert rows(RIDES) == [(["ALP", "BET", "GAM"],), (["GAM", "DEL"],), (["GAM", "ECH"],)]


def test_each_part_has_the_fares_of_its_route_and_the_whole_both(database: SQLAlchemy) -> None:
    files = two_trips(
        transfers=STATED,
        fare_attributes="fare_id,price,currency_type\nnear,100,ZAR\nfar,70,ZAR\n",
        fare_rules="fare_id,route_id\nnear,R\nfar,R2\n",
    )
    load(files)
    prices = dict(rows("SELECT origin_position::text || destination_position, price FROM segment_fares"))
    assert prices == {"01": 10000, "02": 10000, "12": 10000, "23": 7000, "03": 17000, "13": 17000}
    assert row("SELECT base_price FROM routes WHERE active") == (17000,)
