"""Fares by zone and route, and prices by distance where there are none."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.gtfs.errors import BadImportOption
from tests.gtfs.feeds import Feed, feed, load, refused, row, rows, today

STOPS = "stop_id,stop_name,stop_lat,stop_lon,zone_id\na,A,-26,28,1\nb,B,-25,28,2\nc,C,-24,28,3\n"
PAIRS = "SELECT origin_position, destination_position, price FROM segment_fares ORDER BY 1, 2"


def with_fares(attributes: str, rules: str = "", **changes: str) -> Feed:
    fares = "fare_id,price,currency_type,payment_method,transfers\n"
    rows_ = "fare_id,route_id,origin_id,destination_id,contains_id\n"
    return feed(**{"stops": STOPS, "fare_attributes": fares + attributes, "fare_rules": rows_ + rules, **changes})


def test_a_fare_of_a_route_is_flat(database: SQLAlchemy) -> None:
    report = load(with_fares("f,120,ZAR,1,0\n", "f,R,,,\n"))
    assert report.counts["fares"] == 3
    assert rows(PAIRS) == [(0, 1, 12000), (0, 2, 12000), (1, 2, 12000)]
    assert row("SELECT base_price, currency FROM routes") == (12000, "ZAR")


def test_fares_by_zone_price_their_pairs_only(database: SQLAlchemy) -> None:
    load(with_fares("near,80.50,USD,1,0\nfar,150,USD,1,0\n", "near,R,1,2,\nfar,,1,3,\nnear,R,3,1,\n"))
    assert rows(PAIRS) == [(0, 1, 8050), (0, 2, 15000)]
    assert row("SELECT base_price, currency FROM routes") == (15000, "USD")


def test_the_cheapest_fare_that_applies_wins(database: SQLAlchemy) -> None:
    load(with_fares("a,90,ZAR,1,0\nb,70,ZAR,1,0\nc,80,ZAR,1,0\n", "a,R,,,\nb,,1,,\nc,,,3,\n"))
    assert rows(PAIRS) == [(0, 1, 7000), (0, 2, 7000), (1, 2, 8000)]


def test_a_fare_without_rules_applies_everywhere(database: SQLAlchemy) -> None:
    load(with_fares("f,50,ZAR,1,0\n"))
    assert rows(PAIRS) == [(0, 1, 5000), (0, 2, 5000), (1, 2, 5000)]


def test_a_fare_of_another_agency_does_not_apply(database: SQLAlchemy) -> None:
    agency = feed()["agency.txt"] + "XX,Others,https://x.example,Africa/Johannesburg\n"
    fares = "fare_id,price,currency_type,agency_id\nf,50,ZAR,TL\ncheap,1,ZAR,XX\n"
    load(with_fares("", agency=agency, fare_attributes=fares))
    assert row("SELECT DISTINCT price FROM segment_fares") == (5000,)


def test_rules_by_zones_passed_are_told_and_left_out(database: SQLAlchemy) -> None:
    report = load(with_fares("f,50,ZAR,1,0\n", "f,R,,,1\nf,R,,,2\n"))
    assert report.notes[0] == "rules with contains_id are not supported: those of 1 fares are left out"
    assert rows(PAIRS) == []


def test_the_base_price_is_that_of_the_longest_part_that_is_sold(database: SQLAlchemy) -> None:
    header = "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,drop_off_type\n"
    times = header + "T1,8:00:00,8:00:00,a,1,0,0\nT1,9:00:00,9:00:00,b,2,0,0\nT1,10:00:00,10:00:00,c,3,0,1\n"
    load(with_fares("f,50,ZAR,1,0\ng,90,ZAR,1,0\n", "f,R,1,2,\ng,R,1,3,\n", stop_times=times))
    assert row("SELECT base_price FROM routes") == (5000,)


def test_without_fares_the_price_is_by_kilometre_in_whole_units(database: SQLAlchemy) -> None:
    """278 km at 0.75, in the setting's currency."""
    load(feed())
    assert row("SELECT base_price, currency FROM routes") == (20800, "ZAR")
    assert rows(PAIRS) == []


def test_the_price_of_a_kilometre_and_the_currency_are_options(database: SQLAlchemy) -> None:
    load(feed(), price_per_km="1.1", currency="JPY")
    assert row("SELECT base_price, currency FROM routes") == (306, "JPY")


def test_routes_without_a_fare_are_priced_in_the_currency_of_the_others(database: SQLAlchemy) -> None:
    routes = feed()["routes.txt"] + "Q,TL,,Another,3\n"
    times = feed()["stop_times.txt"] + "T2,8:00:00,8:00:00,a,1\nT2,9:00:00,9:00:00,b,2\n"
    trips = feed()["trips.txt"] + "Q,DAILY,T2\n"
    load(with_fares("f,10,USD,1,0\n", "f,R,,,\n", routes=routes, trips=trips, stop_times=times))
    assert rows("SELECT base_price, currency FROM routes ORDER BY id") == [(1000, "USD"), (10400, "USD")]


def test_a_price_set_by_hand_outlives_an_import_that_says_none(database: SQLAlchemy) -> None:
    load(feed())
    database.session.connection().exec_driver_sql("UPDATE routes SET base_price = 33300")
    database.session.commit()
    load(feed())
    assert row("SELECT base_price FROM routes") == (33300,)
    load(feed(), price_per_km="1")
    assert row("SELECT base_price FROM routes") == (27800,)


def test_fares_that_a_newer_version_has_no_more_go(database: SQLAlchemy) -> None:
    load(with_fares("f,50,ZAR,1,0\n"))
    load(with_fares("f,60,ZAR,1,0\n", "f,R,1,3,\n"))
    assert rows(PAIRS) == [(0, 2, 6000)]


@pytest.mark.parametrize(
    ("option", "value"),
    [("currency", "zar"), ("price_per_km", "-1"), ("price_per_km", "much"), ("layout", "tram"), ("feed", "My Feed"),
     ("horizon_days", 0)],
)  # fmt: skip
def test_an_option_that_will_not_do_is_named(option: str, value: str, database: SQLAlchemy) -> None:
    with pytest.raises(BadImportOption) as caught:
        load(feed(), **{option: value})
    assert caught.value.pointer == option


def in_zone(zone: str) -> str:
    return feed()["agency.txt"].replace("Africa/Johannesburg", zone)


@pytest.mark.parametrize(
    ("zone", "currency", "price"),
    [
        ("America/New_York", "USD", 20800),
        ("Asia/Tokyo", "JPY", 208),
        ("US/Eastern", "USD", 20800),
        ("UTC", "ZAR", 20800),
    ],
)
def test_without_fares_the_currency_is_that_of_the_agencys_country(
    zone: str, currency: str, price: int, database: SQLAlchemy
) -> None:
    report = load(feed(agency=in_zone(zone)))
    assert row("SELECT base_price, currency FROM routes") == (price, currency)
    text = {"USD": "208.00", "JPY": "208", "ZAR": "208.00"}[currency]
    [note] = report.notes
    assert note == (
        f"1 routes have no fare: they are priced at 0.75 {currency} a kilometre, the whole way from {text} to {text}"
        f" {currency} (--price-per-km and --currency change it)"
    )


def test_stops_across_a_street_are_no_free_ride(database: SQLAlchemy, client: FlaskClient) -> None:
    """330 metres, on a line of their own, and between them and another 100 km on."""
    stops = "stop_id,stop_code,stop_name,stop_lat,stop_lon\na,XA,A,-26,28\nb,XB,B,-26.003,28\nc,XC,C,-27,28\n"
    times = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n" + "".join(
        f"{trip},{hour}:{minute:02}:00,{hour}:{minute:02}:00,{stop},{minute}\n"
        for trip, hour, called in (("T1", 8, "ab"), ("T2", 9, "abc"))
        for minute, stop in enumerate(called)
    )
    load(feed(stops=stops, stop_times=times, trips=feed()["trips.txt"] + "R,DAILY,T2\n"))
    query = f"/api/v1/schedules?origin=XA&destination=XB&date={today() + timedelta(days=1)}"
    assert [found["price"] for found in client.get(query).json["results"]] == ["4.00", "3.74"]


def test_a_lone_free_fare_does_not_make_every_ride_free(database: SQLAlchemy) -> None:
    report = load(with_fares("f,0,ZAR,1,0\n", "f,R,,,\n"))
    assert report.notes[0].startswith("1 free fares would make rides everywhere free: they are left out")
    assert row("SELECT base_price FROM routes") == (20800,)
    load(with_fares("f,0,ZAR,1,0\n", "f,R,,,\n"), price_per_km="0")
    assert row("SELECT base_price FROM routes") == (0,)


def test_a_childs_free_fare_is_not_everybodys_and_a_free_route_may_be(database: SQLAlchemy) -> None:
    load(with_fares("a,50,ZAR,1,0\nchild,0,ZAR,1,0\nfree,0,ZAR,1,0\n", "a,R,1,,\nchild,R,1,,\nfree,R,2,3,\n"))
    assert rows(PAIRS) == [(0, 1, 5000), (0, 2, 5000), (1, 2, 0)]


def test_a_stop_in_the_sea_is_no_position_to_price_by(database: SQLAlchemy) -> None:
    report = refused(feed(stops=feed()["stops.txt"].replace("-25.0,28.0", "0.0,0.0")))
    assert [fault.wrong for fault in report.faults] == ["its position is 0.0,0.0, in the sea off Africa: none"]


def test_no_new_version_turns_rand_into_dollars_unsaid(database: SQLAlchemy) -> None:
    load(with_fares("f,35,ZAR,1,0\n", "f,R,1,3,\n"))
    database.session.connection().exec_driver_sql("INSERT INTO segment_fares SELECT id, 0, 1, 900 FROM routes")
    database.session.commit()
    dollars = with_fares("f,35,USD,1,0\n", "f,R,1,3,\n")
    with pytest.raises(BadImportOption, match="the prices of 1 routes are in ZAR and would be in USD: give USD if"):
        load(dollars)
    assert row("SELECT base_price, currency FROM routes") == (3500, "ZAR")
    report = load(dollars, currency="USD")
    assert "1 routes change to USD; their 2 fares in the old currency are gone" in report.notes
    assert row("SELECT base_price, currency FROM routes") == (3500, "USD")
    assert rows(PAIRS) == [(0, 2, 3500)]


def test_new_routes_of_a_known_feed_are_priced_in_its_currency(database: SQLAlchemy) -> None:
    load(feed(), currency="EUR")
    load(feed(agency=in_zone("Africa/Maputo"), routes=feed()["routes.txt"].replace("R,", "Q,")
              + "R,TL,,Known,3\n", trips=feed()["trips.txt"] + "Q,DAILY,T2\n",
              stop_times=feed()["stop_times.txt"] + "T2,8:00:00,8:00:00,a,1\nT2,9:00:00,9:00:00,b,2\n"))  # fmt: skip
    assert rows("SELECT DISTINCT currency FROM routes") == [("EUR",)]
