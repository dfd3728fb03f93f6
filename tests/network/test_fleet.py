"""Buses, seat layouts and fare classes over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role
from falconbus.network.models import FareClass
from tests.accounts.signing import signed_in
from tests.counting import statements
from tests.network.calls import pointers
from tests.world import World


@pytest.fixture
def operator(database: SQLAlchemy) -> dict[str, str]:
    """The headers of an operator."""
    return signed_in(Role.OPERATOR)


def test_a_bus_is_made_changed_and_removed(world: World, client: FlaskClient, operator: dict[str, str]) -> None:
    world.add_layout("large", standard=40)
    world.commit()
    body = {"number": "FB-2", "layout": "small", "amenities": ["wifi", "toilet"], "active": True}
    made = client.post("/api/v1/buses", json=body, headers=operator)
    assert made.status_code == 201
    address = f"/api/v1/buses/{made.json['id']}"
    assert made.json == {"id": made.json["id"], "seats": 12, **body}
    changes = {"number": "FB-3", "layout": "large", "amenities": [], "active": False}
    answer = client.patch(address, json=changes, headers=operator)
    assert answer.json == {**made.json, **changes, "seats": 40, "affected": {"departures": 0, "charters": 0}}
    assert [bus["number"] for bus in client.get("/api/v1/buses", headers=operator).json["results"]] == ["FB-1", "FB-3"]
    assert client.delete(address, headers=operator).status_code == 204
    assert client.get(address, headers=operator).status_code == 404
    assert client.get(f"/api/v1/buses/{world.bus.id}", headers=operator).json["layout"] == "small"


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"number": "", "layout": 3}, ["/number", "/layout"]),
        ({"layout": "none"}, ["/layout"]),
        ({"amenities": ["Wifi", "a" * 33]}, ["/amenities/0", "/amenities/1"]),
        ({"amenities": ["wifi"] * 21}, ["/amenities"]),
        ({"active": "yes"}, ["/active"]),
    ],
)
def test_what_is_no_bus_is_told(
    world: World, client: FlaskClient, operator: dict[str, str], changes: dict[str, Any], faults: list[str]
) -> None:
    body = {"number": "FB-2", "layout": "small", **changes}
    assert pointers(client.post("/api/v1/buses", json=body, headers=operator)) == faults
    assert pointers(client.patch(f"/api/v1/buses/{world.bus.id}", json=changes, headers=operator)) == faults


def test_a_number_is_for_one_bus(world: World, client: FlaskClient, operator: dict[str, str]) -> None:
    other = world.add_bus("FB-2", world.layout)
    world.commit()
    made = client.post("/api/v1/buses", json={"number": "FB-1", "layout": "small"}, headers=operator)
    changed = client.patch(f"/api/v1/buses/{other.id}", json={"number": "FB-1"}, headers=operator)
    for answer in (made, changed):
        assert (answer.status_code, answer.json["code"]) == (409, "already_exists")
        assert answer.json["errors"][0]["pointer"] == "/number"


def test_a_bus_in_use_keeps_its_seats_but_may_go_out_of_service(
    world: World, client: FlaskClient, operator: dict[str, str]
) -> None:
    world.add_layout("large", standard=40)
    world.commit()
    address = f"/api/v1/buses/{world.bus.id}"
    seats = client.patch(address, json={"layout": "large"}, headers=operator)
    gone = client.delete(address, headers=operator)
    assert [(answer.status_code, answer.json["code"]) for answer in (seats, gone)] == [(409, "bus_in_use")] * 2
    assert client.patch(address, json={"layout": "small", "active": False}, headers=operator).json["active"] is False


def test_lists_take_as_many_statements_for_many_rows_as_for_one(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    # Where a permission is asked for, one of the statements reads the caller's token.
    lists = {"buses": 2, "seat-layouts": 2, "timetables": 2, "fare-classes": 1}

    def counts() -> dict[str, int]:
        seen = {}
        for name in lists:
            with statements() as sent:
                assert client.get(f"/api/v1/{name}?page_size=100", headers=operator).status_code == 200
            seen[name] = len(sent)
        return seen

    assert counts() == lists
    for number in range(100):
        layout = world.add_layout(f"layout-{number}", standard=1)
        world.add_bus(f"Z-{number}", layout)
        world.add_timetable(world.route)
        database.session.add(FareClass(code=f"class-{number}", name="x", price_percent=1, refundable=True))
    world.commit()
    assert counts() == lists
    for name in lists:
        assert len(client.get(f"/api/v1/{name}?page_size=100", headers=operator).json["results"]) == 100


def test_fare_classes_are_listed_made_and_changed(world: World, client: FlaskClient, operator: dict[str, str]) -> None:
    body = {"code": "sleeper", "name": "Sleeper", "price_percent": 200, "refundable": False, "conditions": "A bed."}
    made = client.post("/api/v1/fare-classes", json=body, headers=operator)
    assert (made.status_code, made.json) == (201, body)
    changes = {"price_percent": 90, "conditions": ""}
    changed = client.patch("/api/v1/fare-classes/sleeper", json=changes, headers=operator)
    assert changed.json == {**body, **changes}
    listed = client.get("/api/v1/fare-classes").json["results"]
    assert [row["code"] for row in listed] == ["sleeper", "standard", "comfort"]
    assert [row["price_percent"] for row in listed] == [90, 100, 150]


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"name": None, "price_percent": 0}, ["/name", "/price_percent"]),
        ({"price_percent": 1001, "refundable": 0}, ["/price_percent", "/refundable"]),
        ({"price_percent": 1.5, "conditions": "a\u2028b"}, ["/price_percent", "/conditions"]),
    ],
)
def test_what_is_no_fare_class_is_told(
    world: World, client: FlaskClient, operator: dict[str, str], changes: dict[str, Any], faults: list[str]
) -> None:
    body = {"code": "gold", "name": "Gold", "price_percent": 300, **changes}
    assert pointers(client.post("/api/v1/fare-classes", json=body, headers=operator)) == faults
    assert pointers(client.patch("/api/v1/fare-classes/standard", json=changes, headers=operator)) == faults
    taken = client.post(
        "/api/v1/fare-classes", json={"code": "comfort", "name": "x", "price_percent": 1}, headers=operator
    )
    assert (taken.status_code, taken.json["code"]) == (409, "already_exists")


def seat(number: str, row: int = 1, column: int = 1, fare_class: str = "standard") -> dict[str, Any]:
    return {"number": number, "row": row, "column": column, "fare_class": fare_class}


def test_a_layout_is_made_with_its_seats(world: World, client: FlaskClient, operator: dict[str, str]) -> None:
    seats = [seat("1A"), seat("1B", column=2, fare_class="comfort"), seat("2A", row=2)]
    body = {"code": "van", "name": "A van", "seats": seats}
    made = client.post("/api/v1/seat-layouts", json=body, headers=operator)
    assert (made.status_code, made.json) == (201, {**body, "capacity": 3})
    assert client.get("/api/v1/seat-layouts/van", headers=operator).json == made.json
    assert client.get("/api/v1/seat-layouts", headers=operator).json["results"] == [
        {"code": "small", "name": "small", "capacity": 12},
        {"code": "van", "name": "A van", "capacity": 3},
    ]
    again = client.post("/api/v1/seat-layouts", json=body, headers=operator)
    assert (again.status_code, again.json["errors"][0]["pointer"]) == (409, "/code")


@pytest.mark.parametrize(
    ("seats", "faults"),
    [
        ([], ["/seats"]),
        ([seat(str(number), row=number // 4 + 1, column=number % 4 + 1) for number in range(201)], ["/seats"]),
        ([seat("12345"), seat("é", row=0)], ["/seats/0/number", "/seats/1/number", "/seats/1/row"]),
        (
            [seat("1"), seat("1"), seat("2", row=2, fare_class="gold")],
            ["/seats/1/number", "/seats/1/column", "/seats/2/fare_class"],
        ),
    ],
)
def test_what_is_no_layout_is_told(
    world: World, client: FlaskClient, operator: dict[str, str], seats: list[Any], faults: list[str]
) -> None:
    body = {"code": "van", "name": "A van", "seats": seats}
    assert pointers(client.post("/api/v1/seat-layouts", json=body, headers=operator)) == faults
