"""Search over HTTP: the right departures, on the right day, with the right seats."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.network import service as network
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from tests.calls import hold
from tests.world import ZONE, World


def search(client: FlaskClient, **parameters: Any) -> Any:
    return client.get("/api/v1/schedules", query_string={"origin": "A", "destination": "D", **parameters})


def test_a_search_shows_what_a_booking_form_needs(world: World, client: FlaskClient) -> None:
    schedule = world.add_schedule()
    found = search(client, date=world.day_of(schedule), passengers=2).json
    assert found["count"] == 1
    assert found["results"][0] == {
        "id": schedule.id,
        "route_name": "A - D",
        "origin": "A",
        "origin_name": "City A, Station A",
        "destination": "D",
        "destination_name": "City D, Station D",
        "bus_number": "FB-1",
        "amenities": [],
        "departure_time": f"{world.day_of(schedule)}T08:00:00+02:00",
        "arrival_time": f"{world.day_of(schedule)}T11:00:00+02:00",
        "duration_minutes": 180,
        "price": "300.00",
        "currency": "ZAR",
        "available_seats": 8,
        "fare_classes": [
            {"code": "standard", "name": "Standard", "price": "300.00", "available_seats": 8},
            {"code": "comfort", "name": "Comfort", "price": "450.00", "available_seats": 4},
        ],
    }


def test_a_class_without_room_for_all_is_left_out_and_so_is_a_full_coach(world: World, client: FlaskClient) -> None:
    schedule = world.add_schedule()
    day = world.day_of(schedule)
    hold(client, schedule.id, passengers=7)
    three = search(client, date=day, passengers=3).json["results"][0]
    assert (three["price"], three["available_seats"]) == ("450.00", 4)
    assert search(client, date=day, passengers=5).json == {
        "from_cache": False,
        "results": [],
        "count": 0,
        "next": None,
        "previous": None,
        "next_date": None,
    }


def test_a_day_without_room_says_which_the_next_one_with_some_is(world: World, client: FlaskClient) -> None:
    full, free = world.add_schedule(days=3), world.add_schedule(days=5)
    hold(client, full.id, passengers=7)
    empty_day = (clock.today(ZONE) + timedelta(days=1)).isoformat()
    for day in (empty_day, world.day_of(full)):
        assert search(client, date=day, passengers=5).json["next_date"] == world.day_of(free)
    assert search(client, date=empty_day).json["next_date"] == world.day_of(full)
    assert search(client, date=world.day_of(free)).json["next_date"] is None
    assert search(client, date=(clock.today(ZONE) + timedelta(days=6)).isoformat()).json["next_date"] is None


def test_a_city_is_all_its_stops_and_a_schedule_comes_once_by_its_best_pair(world: World, client: FlaskClient) -> None:
    world.add_stop("P1", city="Pretória")
    world.add_stop("P2", city="Pretória")
    route = world.add_route("P1", "P2", "Z")
    schedule = world.add_schedule(world.add_timetable(route))
    for place in ("pretoria", "PRETÓRIA", "Pretória"):
        found = search(client, origin=place, destination="z", date=world.day_of(schedule)).json
        assert [(row["id"], row["origin"]) for row in found["results"]] == [(schedule.id, "P2")]
    assert search(client, origin="P1", destination="Z", date=world.day_of(schedule)).json["count"] == 1


def test_the_day_is_the_local_one_where_one_boards(world: World, client: FlaskClient) -> None:
    night = world.add_timetable(world.route, departure_minutes=23 * 60 + 30)
    schedule = world.add_schedule(night)
    day = world.day_of(schedule)
    next_day = (datetime.fromisoformat(day) + timedelta(days=1)).date().isoformat()
    assert [row["id"] for row in search(client, date=day).json["results"]] == [schedule.id]
    assert search(client, origin="B", date=day).json["count"] == 0
    boarded = search(client, origin="B", date=next_day).json["results"]
    assert [row["departure_time"] for row in boarded] == [f"{next_day}T00:35:00+02:00"]


@pytest.mark.parametrize(
    ("day", "departure", "arrival"),
    [
        ("2026-10-31", "2026-10-31T22:00:00-04:00", "2026-10-31T23:00:00-05:00"),
        ("2027-03-13", "2027-03-13T22:00:00-05:00", "2027-03-14T03:00:00-04:00"),
        ("2027-03-14", "2027-03-14T22:00:00-04:00", "2027-03-15T02:00:00-04:00"),
    ],
)
def test_the_wall_clock_holds_across_a_daylight_saving_night(
    day: str, departure: str, arrival: str, world: World, client: FlaskClient
) -> None:
    with time_machine.travel(datetime(2026, 10, 1, tzinfo=UTC), tick=False):
        world.add_stop("NYC", time_zone="America/New_York")
        world.add_stop("BOS", time_zone="America/New_York")
        route = world.add_route("NYC", "BOS")
        timetable = world.add_timetable(
            route, departure_minutes=22 * 60, time_zone="America/New_York", arrivals=[0, 240], departures=[0, 240]
        )
        for ahead in range(200):
            world.add_schedule(timetable, days=ahead)
        found = search(client, origin="NYC", destination="BOS", date=day).json["results"]
        assert [row["departure_time"] for row in found] == [departure]
        expected = arrival if day != "2026-10-31" else "2026-11-01T01:00:00-05:00"
        assert [row["arrival_time"] for row in found] == [expected]


def test_what_has_left_is_not_shown(world: World, client: FlaskClient) -> None:
    soon = clock.now() + timedelta(minutes=30)
    schedule = world.add_schedule(at=soon)
    day = clock.local(soon, ZONE).date().isoformat()
    assert search(client, date=day).json["count"] == 1
    with time_machine.travel(soon + timedelta(minutes=1)):
        assert schedule.id not in [row["id"] for row in search(client, date=day).json.get("results", [])]


BAD_QUERIES: dict[str, tuple[dict[str, Any], int, str]] = {
    "unknown origin": ({"origin": "NOWHERE"}, 404, "place_not_found"),
    "unknown destination": ({"destination": "NOWHERE"}, 404, "place_not_found"),
    "past date": ({"date": "2020-01-01"}, 422, "date_in_past"),
    "no date": ({"date": "tomorrow"}, 422, "date_from_datetime_parsing"),
    "the 30th of February": ({"date": "2027-02-30"}, 422, "date_from_datetime_parsing"),
    "a number for a date": ({"date": "20270101"}, 422, "date_from_datetime_inexact"),
    "no passengers": ({"passengers": 0}, 422, "greater_than_equal"),
    "200 passengers": ({"passengers": 200}, 422, "less_than_equal"),
    "passengers in words": ({"passengers": "two"}, 422, "int_parsing"),
    "the same place twice": ({"destination": "A"}, 422, "same_place"),
    "an unknown parameter": ({"colour": "red"}, 422, "extra_forbidden"),
    "an unknown field": ({"fields": "id,secret"}, 422, "invalid"),
    "a page too large": ({"page_size": 101}, 422, "less_than_equal"),
    "a control character": ({"origin": "A\u0000"}, 422, "value_error"),
    "an over-long place": ({"origin": "x" * 101}, 422, "too_long"),
}


@pytest.mark.parametrize("name", BAD_QUERIES)
def test_a_bad_search_gets_its_own_problem(name: str, world: World, client: FlaskClient) -> None:
    changes, status, code = BAD_QUERIES[name]
    answer = search(client, **{"date": world.day_of(world.add_schedule()), **changes})
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert code in {answer.json["code"], *(fault["code"] for fault in answer.json["errors"])}
    assert [fault["parameter"] for fault in answer.json["errors"]] == [next(iter(changes))]


def test_fields_and_pages(world: World, client: FlaskClient) -> None:
    first, second = world.add_schedule(), world.add_schedule(bus=world.add_bus("FB-2", world.layout))
    day = world.day_of(first)
    page = search(client, date=day, page_size=1, fields="id").json
    assert page["results"] == [{"id": first.id}]
    assert page["count"] == 2
    following = client.get(page["next"]).json
    assert following["results"] == [{"id": second.id}]
    assert following["next"] is None
    assert client.get(following["previous"]).json["results"] == page["results"]


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("graaff", ["GRT"]),
        ("Cafe Deel", ["GRT"]),
        ("CAFÉ", ["GRT"]),
        ("grt", ["GRT"]),
        ("reinet gra", ["GRT"]),
        ("affgra", []),
        ("'; DROP TABLE stops --", []),
        (":*", []),
        ("&", []),
    ],
)
def test_stops_are_found_by_the_beginnings_of_words(
    typed: str, codes: list[str], world: World, client: FlaskClient
) -> None:
    stop = world.add_stop("GRT", city="Graaff-Reinet")
    stop.name = "Graaff-Reinet, Café Deelfontein"
    world.add_route("GRT", "A")
    world.commit()
    assert suggested(client, typed) == codes


def suggested(client: FlaskClient, typed: str) -> list[str]:
    found = client.get("/api/v1/stops", query_string={"q": typed}).json
    return [row["code"] for row in found["results"]]


@pytest.mark.parametrize(
    ("city", "typed"),
    [
        ("หมอชิต", "หมอชิต"),
        ("สถานีขนส่งหมอชิต", "หมอชิ"),
        ("ドーム前", "ドーム前"),
        ("福岡ドーム前", "ﾄﾞｰﾑ"),
        ("दिल्ली", "दिल्ली"),
        ("Tromsø", "Tromso"),
        ("Tromso", "TROMSØ"),
        ("Łódź", "lodz"),
        ("Đà Nẵng", "Da Nang"),
        ("Weißenburg", "weissen"),
        ("Kópavogur", "kopa"),
        ("Coeur d’Alene", "coeur dalene"),
        ("Нижний Новгород", "нижнии"),
    ],
)
def test_a_stop_is_found_by_its_name_in_any_script(city: str, typed: str, world: World, client: FlaskClient) -> None:
    world.add_stop("P", city=city)
    schedule = world.add_schedule(world.add_timetable(world.add_route("P", "A")))
    assert suggested(client, typed) == ["P"]
    assert search(client, origin=city.upper(), destination="A", date=world.day_of(schedule)).json["count"] == 1


def test_characters_of_a_script_without_spaces_stand_together(world: World, client: FlaskClient) -> None:
    world.add_stop("P", city="ドーム前")
    world.add_route("P", "A")
    world.commit()
    assert suggested(client, "前ドーム") == []


def test_what_no_route_on_sale_calls_at_is_not_suggested(world: World, client: FlaskClient) -> None:
    world.add_stop("P1", city="Parkville")
    world.add_stop("P2", city="Parkville")
    world.add_stop("P3", city="Parkville")
    world.add_route("P1", "A")
    off_sale = world.add_route("P2", "A")
    off_sale.active = False
    world.commit()
    assert suggested(client, "parkv") == ["P1"]


def test_a_release_folds_the_names_of_stops_anew(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    world.add_stop("P", city="Tromsø")
    world.add_route("P", "A")
    world.commit()
    database.session.execute(text("UPDATE stops SET city_key = '', search_document = '' WHERE code = 'P'"))
    database.session.commit()
    assert suggested(client, "tromso") == []
    assert [transactions.run(network.refold_stops) for _ in range(2)] == [1, 0]
    assert suggested(client, "tromso") == ["P"]


def test_all_stops_come_in_pages(world: World, client: FlaskClient) -> None:
    assert len(client.get("/api/v1/stops").json["results"]) == 6
    page = client.get("/api/v1/stops?page_size=4").json
    assert len(client.get(page["next"]).json["results"]) == 2
    assert set(page["results"][0]) == {"code", "name", "city"}


def test_a_seat_map_or_detail_of_nothing_is_not_found(world: World, client: FlaskClient) -> None:
    schedule = world.add_schedule()
    for address in (
        "/api/v1/schedules/999999",
        "/api/v1/schedules/999999/seats?origin=A&destination=D",
        f"/api/v1/schedules/{schedule.id}/seats?origin=NOWHERE&destination=D",
        f"/api/v1/schedules/{10**12}",
        "/api/v1/schedules/-1",
    ):
        assert client.get(address).status_code == 404
    refused = client.get(f"/api/v1/schedules/{schedule.id}/seats?origin=D&destination=A")
    assert (refused.status_code, refused.json["code"]) == (422, "not_served")
