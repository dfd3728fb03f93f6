"""Fares by zone and route, and prices by distance where there are none."""

import pytest
from flask_sqlalchemy import SQLAlchemy

from falconbus.gtfs.errors import BadImportOption
from tests.gtfs.feeds import Feed, feed, load, row, rows

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
    assert report.notes == ["rules with contains_id are not supported: those of 1 fares are left out"]
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
