"""Holding seats over HTTP: what is asked for is held whole, or nothing changes."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.platform.kit import clock
from tests.bookings.seats import free_seats, rows, seats_of
from tests.calls import bearer, booking_body, hold
from tests.world import World


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
    assert phone["detail"] == "must be written as +27 82 000 0000 is"
