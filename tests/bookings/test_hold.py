"""Holding seats over HTTP: what is asked for is held whole, or nothing changes."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.platform.kit import clock
from tests.calls import bearer, booking_body, hold
from tests.world import World


def rows(database: SQLAlchemy, table: str) -> int:
    """How many rows a table has now."""
    database.session.rollback()
    return int(database.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def seats_of(held: Any) -> list[str]:
    return [ticket["seat"] for journey in held["journeys"] for ticket in journey["tickets"]]


def free_seats(client: FlaskClient, schedule_id: int, origin: str = "A", destination: str = "D") -> set[str]:
    answer = client.get(f"/api/v1/schedules/{schedule_id}/seats?origin={origin}&destination={destination}")
    return {seat["number"] for seat in answer.json["seats"] if seat["free"]}


def test_a_hold_says_what_it_holds(world: World, client: FlaskClient) -> None:
    schedule = world.add_schedule()
    held = hold(client, schedule.id, "A", "C", passengers=2)
    assert held["status"] == "held"
    assert len(held["reference"]) == 8
    assert not set(held["reference"]) & set("0O1IL")
    assert (held["total"], held["currency"]) == ("400.00", "ZAR")
    journey = held["journeys"][0]
    assert journey["departure_time"].endswith("T08:00:00+02:00")
    assert journey["arrival_time"].endswith("T10:00:00+02:00")
    assert [ticket["fare_rules"][0]["rule"] for ticket in journey["tickets"]] == ["distance", "distance"]
    assert all(ticket["code"] is None for ticket in journey["tickets"])
    assert held["manage_token"].startswith(f"fbm_{held['reference']}_")


def test_seats_chosen_for_two_are_side_by_side(world: World, client: FlaskClient) -> None:
    schedule = world.add_schedule()
    hold(client, schedule.id, seats=["6"], fare_class="standard")
    places = {
        seat["number"]: (seat["row"], seat["column"])
        for seat in client.get(f"/api/v1/schedules/{schedule.id}/seats?origin=A&destination=D").json["seats"]
    }
    first, second = (places[number] for number in seats_of(hold(client, schedule.id, passengers=2)))
    assert first[0] == second[0]
    assert abs(first[1] - second[1]) == 1


def test_a_seat_is_sold_again_on_the_legs_behind_but_not_on_overlapping_ones(world: World, client: FlaskClient) -> None:
    schedule = world.add_schedule()
    hold(client, schedule.id, "A", "B", seats=["7"])
    hold(client, schedule.id, "B", "D", seats=["7"])
    for origin, destination in (("A", "D"), ("A", "B"), ("B", "C"), ("C", "D")):
        refused = client.post("/api/v1/bookings", json=booking_body(schedule.id, origin, destination, seats=["7"]))
        assert (refused.status_code, refused.json["code"]) == (409, "seat_taken")
        assert refused.json["detail"] == "seat 7 has just been taken; choose another one"


def test_availability_between_two_stops_counts_every_leg(world: World, client: FlaskClient) -> None:
    schedule = world.add_schedule()
    hold(client, schedule.id, "A", "B", seats=["5"])
    hold(client, schedule.id, "C", "D", seats=["6"])
    assert not {"5", "6"} & free_seats(client, schedule.id, "A", "D")
    assert {"5", "6"} <= free_seats(client, schedule.id, "B", "C")
    search = f"/api/v1/schedules?origin=A&destination=D&date={world.day_of(schedule)}"
    assert client.get(search).json["results"][0]["available_seats"] == 6


def test_automatic_choice_uses_every_seat_that_search_counts(world: World, client: FlaskClient) -> None:
    schedule = world.add_schedule()
    taken = [seats_of(hold(client, schedule.id))[0] for _ in range(8)]
    assert sorted(taken, key=int) == ["5", "6", "7", "8", "9", "10", "11", "12"]
    comfort = hold(client, schedule.id, passengers=4)
    assert comfort["journeys"][0]["fare_class"] == "comfort"
    refused = client.post("/api/v1/bookings", json=booking_body(schedule.id))
    assert (refused.status_code, refused.json["code"]) == (409, "sold_out")


def test_an_operators_own_fare_and_types_of_passengers_make_the_price(world: World, client: FlaskClient) -> None:
    world.add_fare(world.route, 0, 2, 15050)
    schedule = world.add_schedule()
    body = booking_body(schedule.id, "A", "C", fare_class="comfort")
    body["passengers"] = [{"name": "Sipho", "type": "adult"}, {"name": "Zanele", "type": "child"}]
    held = client.post("/api/v1/bookings", json=body).json
    fares = [ticket["fare"] for ticket in held["journeys"][0]["tickets"]]
    assert fares == ["225.75", "112.88"]
    assert held["total"] == "338.63"
    assert [step["rule"] for step in held["journeys"][0]["tickets"][1]["fare_rules"]] == [
        "set_fare",
        "fare_class:comfort",
        "passenger:child",
    ]


def test_a_return_trip_is_held_as_one_or_not_at_all(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    back = world.add_route("D", "A")
    out, home = world.add_schedule(), world.add_schedule(world.add_timetable(back), days=9)
    body = booking_body(out.id, passengers=2)
    body["journeys"].append({"schedule_id": home.id, "origin": "D", "destination": "A"})
    held = client.post("/api/v1/bookings", json=body)
    assert held.status_code == 201
    assert len(held.json["journeys"]) == 2
    before = rows(database, "seat_claims"), rows(database, "bookings")
    body["journeys"][1]["seats"] = seats_of(held.json)[2:]
    refused = client.post("/api/v1/bookings", json=body)
    assert (refused.status_code, refused.json["code"]) == (409, "seat_taken")
    assert (rows(database, "seat_claims"), rows(database, "bookings")) == before


def test_a_hold_that_ran_out_is_taken_over(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    schedule = world.add_schedule()
    hold(client, schedule.id, seats=["7"])
    past = clock.now() - timedelta(seconds=1)
    database.session.execute(text("UPDATE seat_claims SET held_until = :past"), {"past": past})
    database.session.commit()
    assert "7" in free_seats(client, schedule.id)
    assert seats_of(hold(client, schedule.id, seats=["7"])) == ["7"]


BAD_BODIES: dict[str, tuple[dict[str, Any], int, str]] = {
    "unknown schedule": ({"schedule_id": 999_999}, 422, "unknown_schedule"),
    "unknown stop": ({"origin": "NOWHERE"}, 422, "unknown_stop"),
    "a stop of another route": ({"destination": "Y"}, 422, "not_served"),
    "against the direction": ({"origin": "C", "destination": "A"}, 422, "not_served"),
    "a seat that does not exist": ({"seats": ["99"]}, 422, "unknown_seat"),
    "a seat of another class": ({"seats": ["1"], "fare_class": "standard"}, 422, "seat_of_other_class"),
    "an unknown class": ({"fare_class": "royal"}, 422, "unknown_fare_class"),
    "more seats than passengers": ({"seats": ["5", "6"]}, 422, "seat_count"),
    "a schedule that is no number": ({"schedule_id": "1"}, 422, "int_type"),
    "a schedule that is true": ({"schedule_id": True}, 422, "int_type"),
    "a schedule beyond any key": ({"schedule_id": 2**63}, 422, "less_than_equal"),
    "something unknown": ({"colour": "red"}, 422, "extra_forbidden"),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_bad_journey_gets_its_own_problem_and_changes_nothing(
    name: str, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    changes, status, code = BAD_BODIES[name]
    body = booking_body(world.add_schedule().id)
    body["journeys"][0].update(changes)
    answer = client.post("/api/v1/bookings", json=body)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert code in {answer.json["code"], *(fault["code"] for fault in answer.json["errors"])}
    assert answer.json["errors"][0]["pointer"].startswith("/journeys/0")
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]
    assert (rows(database, "bookings"), rows(database, "seat_claims")) == (0, 0)


BAD_PEOPLE: dict[str, tuple[dict[str, Any], str]] = {
    "no passengers": ({"passengers": []}, "/passengers"),
    "ten passengers": ({"passengers": [{"name": "Thandi"}] * 10}, "/passengers"),
    "an over-long name": ({"passengers": [{"name": "x" * 101}]}, "/passengers/0/name"),
    "a control character": ({"passengers": [{"name": "Thandi\u0000"}]}, "/passengers/0/name"),
    "a line break": ({"passengers": [{"name": "Thandi\nBcc: all"}]}, "/passengers/0/name"),
    "an empty name": ({"passengers": [{"name": "  "}]}, "/passengers/0/name"),
    "an unknown type": ({"passengers": [{"name": "Thandi", "type": "dog"}]}, "/passengers/0/type"),
    "no e-mail": ({"contact": {"phone": "+27820000000"}}, "/contact/email"),
    "a bad e-mail": ({"contact": {"email": "thandi"}}, "/contact/email"),
    "a bad phone": ({"contact": {"email": "thandi@example.com", "phone": "call me"}}, "/contact/phone"),
    "no journeys": ({"journeys": []}, "/journeys"),
    "an unknown promo code": ({"promo_code": "FREE"}, "/promo_code"),
}


@pytest.mark.parametrize("name", BAD_PEOPLE)
def test_bad_people_are_pointed_at(name: str, world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    changes, pointer = BAD_PEOPLE[name]
    answer = client.post("/api/v1/bookings", json={**booking_body(world.add_schedule().id), **changes})
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json["errors"]] == [pointer]
    assert "x" * 101 not in answer.get_data(as_text=True)
    assert rows(database, "bookings") == 0


def test_every_fault_of_a_body_is_told_at_once(world: World, client: FlaskClient) -> None:
    body = {"journeys": [{"schedule_id": "1", "origin": 5}], "passengers": [{"name": ""}], "contact": {}}
    answer = client.post("/api/v1/bookings", json=body)
    assert {fault["pointer"] for fault in answer.json["errors"]} == {
        "/journeys/0/schedule_id",
        "/journeys/0/origin",
        "/journeys/0/destination",
        "/passengers/0/name",
        "/contact/email",
    }


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed"),
        (b"", "application/json", 400, "malformed"),
        (b'"\\ud800"', "application/json", 400, "malformed"),
        (b"\xff\xfe", "application/json", 400, "malformed"),
        (b"[]", "application/json", 422, "invalid"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"a=b", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b" " * 70_000, "application/json", 413, "body_too_large"),
    ],
)
def test_a_body_that_is_not_json(
    body: bytes, content_type: str, status: int, code: str, app: Any, client: FlaskClient
) -> None:
    answer = client.post("/api/v1/bookings", data=body, content_type=content_type)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_a_departure_that_has_left_or_is_withdrawn_is_not_on_sale(world: World, client: FlaskClient) -> None:
    left = world.add_schedule(at=clock.now() - timedelta(minutes=1))
    withdrawn = world.add_schedule()
    withdrawn.active = False
    world.commit()
    for schedule in (left, withdrawn):
        refused = client.post("/api/v1/bookings", json=booking_body(schedule.id))
        assert (refused.status_code, refused.json["code"]) == (409, "not_on_sale")
    on_the_way = client.post("/api/v1/bookings", json=booking_body(left.id, "B", "C"))
    assert on_the_way.status_code == 201


def test_where_one_may_not_board_or_alight_nothing_is_sold(world: World, client: FlaskClient) -> None:
    world.timetable.boards = [True, False, True, True]
    world.timetable.alights = [True, True, False, True]
    world.commit()
    schedule = world.add_schedule()
    for origin, destination in (("B", "D"), ("A", "C")):
        refused = client.post("/api/v1/bookings", json=booking_body(schedule.id, origin, destination))
        assert (refused.status_code, refused.json["code"]) == (422, "not_served")
    assert hold(client, schedule.id, "A", "B")["status"] == "held"


def test_two_journeys_at_the_same_time_are_refused(world: World, client: FlaskClient) -> None:
    schedule = world.add_schedule()
    body = booking_body(schedule.id, "A", "C")
    body["journeys"].append({"schedule_id": schedule.id, "origin": "B", "destination": "D"})
    refused = client.post("/api/v1/bookings", json=body)
    assert (refused.status_code, refused.json["code"]) == (422, "journeys_overlap")


def test_journeys_in_two_currencies_are_refused(world: World, client: FlaskClient) -> None:
    abroad = world.add_schedule(world.add_timetable(world.add_route("A", "M", currency="MZN")), days=9)
    body = booking_body(world.add_schedule().id)
    body["journeys"].append({"schedule_id": abroad.id, "origin": "A", "destination": "M"})
    refused = client.post("/api/v1/bookings", json=body)
    assert (refused.status_code, refused.json["code"]) == (422, "mixed_currencies")


def test_a_loop_boards_and_alights_at_the_nearest_calls(world: World, client: FlaskClient) -> None:
    loop = world.add_route("A", "E", "A", "F")
    schedule = world.add_schedule(world.add_timetable(loop))
    assert hold(client, schedule.id, "A", "F")["total"] == "100.00"
    assert hold(client, schedule.id, "E", "A")["total"] == "100.00"
    assert hold(client, schedule.id, "A", "A")["total"] == "200.00"


def test_only_those_who_may_see_a_booking_see_it(world: World, client: FlaskClient) -> None:
    schedule = world.add_schedule()
    mine, other = hold(client, schedule.id), hold(client, schedule.id)
    address = f"/api/v1/bookings/{mine['reference']}"
    assert client.get(address).status_code == 404
    assert client.get(address, headers=bearer(other["manage_token"])).status_code == 404
    assert client.get(f"{address}?email=somebody@example.com").status_code == 404
    for wrong in ("nonsense", mine["manage_token"] + "x", f"fbm_{mine['reference']}_" + "A" * 32, ""):
        answer = client.get(address, headers=bearer(wrong))
        assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")
    spoken = mine["reference"][:4].lower() + "-" + mine["reference"][4:].lower()
    for seen in (
        client.get(address, headers=bearer(mine["manage_token"])),
        client.get(f"{address}?email=THANDI@example.com"),
        client.get(f"/api/bookings/{spoken}/?email=thandi@example.com"),
    ):
        assert seen.status_code == 200
        assert seen.json["journeys"] == mine["journeys"]
        assert set(seen.json or ()) == set(mine) - {"manage_token"}


@pytest.mark.parametrize("given", ["Thandi@bücher.example", "thandi@XN--bcher-kva.example"])
@pytest.mark.parametrize("asked", ["thandi@bücher.example", " thandi@xn--bcher-kva.example"])
def test_an_address_is_found_however_its_domain_is_spelt(
    world: World, client: FlaskClient, given: str, asked: str
) -> None:
    body = booking_body(world.add_schedule().id) | {"contact": {"email": given}}
    held = client.post("/api/v1/bookings", json=body).json
    assert held["contact"]["email"] == "thandi@bücher.example"
    address = f"/api/v1/bookings/{held['reference']}"
    assert client.get(address, query_string={"email": asked}).status_code == 200
    for other in ("thandi@buecher.example", "thandi", ""):
        assert client.get(address, query_string={"email": other}).status_code == 404


def test_what_people_paste_and_leave_empty_is_taken(world: World, client: FlaskClient) -> None:
    contact = {"email": "thandi@example.com", "phone": "+27\u00a082\u202f000\u20110000"}
    body = booking_body(world.add_schedule().id) | {"contact": contact, "promo_code": " "}
    held = client.post("/api/v1/bookings", json=body)
    assert held.status_code == 201
    assert held.json["contact"]["phone"] == "+27 82 000-0000"


def test_people_are_told_what_is_wrong_without_patterns(world: World, client: FlaskClient) -> None:
    contact = {"email": "thandi", "phone": "call me"}
    body = booking_body(world.add_schedule().id) | {"contact": contact}
    email, phone = client.post("/api/v1/bookings", json=body).json["errors"]
    assert email["detail"] == "is not an e-mail address such as thandi@example.com"
    assert phone["detail"] == "is not written as this field is; the API's document shows how"
