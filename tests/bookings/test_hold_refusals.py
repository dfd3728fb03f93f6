"""A hold that cannot be is refused with its reason, and changes nothing."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.platform.kit import clock
from tests.bookings.seats import rows
from tests.calls import booking_body, hold
from tests.world import World

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
