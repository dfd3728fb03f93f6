"""Names and cities of stops: a bay is found by its station's, and every stop by its city."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests.gtfs.feeds import feed, load, row, rows, today

HEADER = "stop_id,stop_name,stop_desc,stop_lat,stop_lon,location_type,parent_station,platform_code\n"
STATION = 'S,"Parkville, Central Station",,-25,28,1,,\n'


def places(stops: str) -> list[tuple[str, str]]:
    """The names and cities of three stops, a and b and c."""
    load(feed(stops=HEADER + stops))
    return rows("SELECT name, city FROM stops ORDER BY id")


def test_a_bay_carries_its_stations_name_and_city(database: SQLAlchemy, client: FlaskClient) -> None:
    assert places(STATION + "a,Bay 3,,-25,28,0,S,\nb,Central Station,,-25,28,0,S,B 12\nc,C,,-24,28,,,\n") == [
        ("Parkville, Central Station, Bay 3", "Parkville"),
        ("Parkville, Central Station (B 12)", "Parkville"),
        ("C", "C"),
    ]
    found = client.get("/api/v1/stops?q=parkv").json["results"]
    assert [stop["name"] for stop in found] == [
        "Parkville, Central Station (B 12)",
        "Parkville, Central Station, Bay 3",
    ]
    search = f"/api/v1/schedules?origin=Parkville&destination=C&date={today() + timedelta(days=2)}"
    assert client.get(search).json["results"][0]["origin_name"] == "Parkville, Central Station (B 12)"


@pytest.mark.parametrize(
    ("name", "city"),
    [
        ("Alpha, Station", "Alpha"),
        ("Alpha - Station", "Alpha"),
        ("Alpha – Station, Bay 1", "Alpha"),
        ("Alpha-Beta", "Alpha-Beta"),
        ("Gamma Central", "Gamma"),
        ("gamma north station", "Gamma"),
        ("Gammaville Mall", "Gammaville Mall"),
        ("Delta Mall", "Delta Mall"),
        (", Station", ", Station"),
    ],
)
def test_a_city_ends_at_a_comma_a_dash_or_where_a_known_one_does(name: str, city: str, database: SQLAlchemy) -> None:
    """Gamma is another stop's city near it, Delta that of one 900 km away."""
    stops = f'a,"{name}",,-24.1,28,,,\nb,"Gamma, Mall",,-24,28,,,\nc,"Delta, Mall",,-16,28,,,\n'
    assert places(stops)[0] == (name, city)


def test_a_city_that_was_corrected_by_hand_stays_and_a_derived_one_follows(database: SQLAlchemy) -> None:
    stops = HEADER + 'a,"Alpha, Station",,-26,28,,,\nb,Beta - Square,,-25,28,,,\nc,"Gamma, Mall",,-24,28,,,\n'
    load(feed(stops=stops))
    database.session.connection().exec_driver_sql("UPDATE stops SET city = 'Greater Alpha' WHERE code = 'ALP'")
    database.session.connection().exec_driver_sql("UPDATE stops SET city = name WHERE code = 'BET'")
    database.session.commit()
    load(feed(stops=stops.replace("Alpha", "Alfa").replace("Gamma", "Gama")))
    assert rows("SELECT city, city_key FROM stops ORDER BY id") == [
        ("Greater Alpha", "greater alpha"),
        ("Beta", "beta"),
        ("Gama", "gama"),
    ]


def test_what_a_stop_says_of_itself_is_kept_and_so_is_what_staff_wrote(database: SQLAlchemy) -> None:
    stops = HEADER + 'a,A,"Behind the  mall",-26,28,,,\nb,B,B,-25,28,,,\nc,C,,-24,28,,,\n'
    load(feed(stops=stops))
    assert rows("SELECT description FROM stops ORDER BY id") == [("Behind the mall",), ("",), ("",)]
    database.session.connection().exec_driver_sql("UPDATE stops SET description = 'By hand'")
    database.session.commit()
    load(feed(stops=stops))
    assert rows("SELECT description FROM stops ORDER BY id") == [("Behind the mall",), ("By hand",), ("By hand",)]


def test_thai_names_are_found(database: SQLAlchemy, client: FlaskClient) -> None:
    load(feed(stops=HEADER + "a,หมอชิต,,-26,28,,,\nb,B,,-25,28,,,\nc,C,,-24,28,,,\n"))
    assert client.get("/api/v1/stops", query_string={"q": "หมอชิต"}).json["results"][0]["name"] == "หมอชิต"
    assert row("SELECT count(*) FROM stops WHERE search_document = ''") == (0,)
