"""Routes over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.network.models import Route
from tests.accounts.signing import signed_in
from tests.counting import statements
from tests.network.calls import GOOD_BODIES, pointers
from tests.world import World


@pytest.fixture
def operator(database: SQLAlchemy) -> dict[str, str]:
    """The headers of an operator."""
    return signed_in(Role.OPERATOR)


@pytest.fixture
def unused(world: World) -> Route:
    """A route that no timetable uses, beside those of the world."""
    route = world.add_route("A", "C", "B", price=10000)
    world.commit()
    return route


def body(**changes: Any) -> dict[str, Any]:
    return {**GOOD_BODIES["/routes"], **changes}


def line(*calls: tuple[str, float]) -> list[dict[str, Any]]:
    return [{"code": code, "kilometres": kilometres} for code, kilometres in calls]


def test_the_list_is_minimal(world: World, client: FlaskClient) -> None:
    answer = client.get("/api/v1/routes").json
    assert answer["results"] == [
        {"id": world.route.id, "name": "A - D", "origin": "A", "destination": "D"},
        {"id": world.other_route.id, "name": "X - Y", "origin": "X", "destination": "Y"},
    ]
    assert (answer["next"], answer["previous"]) == (None, None)


def test_a_route_off_sale_is_there_for_the_staff_alone(world: World, client: FlaskClient) -> None:
    world.route.active = False
    world.commit()
    listed = [route["id"] for route in client.get("/api/v1/routes").json["results"]]
    assert listed == [world.other_route.id]
    assert client.get(f"/api/v1/routes/{world.route.id}").status_code == 404
    driver, traveller = signed_in(Role.DRIVER), signed_in()
    assert client.get(f"/api/v1/routes/{world.route.id}", headers=driver).json["active"] is False
    assert len(client.get("/api/v1/routes", headers=driver).json["results"]) == 2
    assert client.get(f"/api/v1/routes/{world.route.id}", headers=traveller).status_code == 404


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("origin=A", ["A - B", "A - D"]),
        ("origin=a&destination=d", ["A - D"]),
        ("destination=Y", ["X - Y"]),
        ("q=%20-%20d", ["A - D"]),
        ("q=%25", []),
        ("origin=X&destination=D", []),
    ],
)
@pytest.mark.usefixtures("unused")
def test_routes_are_found_by_stops_and_name(client: FlaskClient, query: str, names: list[str]) -> None:
    assert [route["name"] for route in client.get(f"/api/v1/routes?{query}").json["results"]] == names


@pytest.mark.usefixtures("world")
def test_an_unknown_stop_is_not_an_empty_list(client: FlaskClient) -> None:
    answer = client.get("/api/v1/routes?origin=NOWHERE")
    assert (answer.status_code, answer.json["code"]) == (404, "stop_not_found")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("colour=red", "colour"),
        ("page=0", "page"),
        ("page_size=101", "page_size"),
        ("fields=price", "fields"),
        ("q=%00", "q"),
        ("origin=", "origin"),
    ],
)
def test_a_parameter_that_will_not_do_is_named(client: FlaskClient, query: str, parameter: str) -> None:
    assert pointers(client.get(f"/api/v1/routes?{query}")) == [parameter]


def test_pages_follow_each_other_and_fields_are_picked(world: World, client: FlaskClient) -> None:
    first = client.get("/api/v1/routes?page_size=1&fields=name").json
    assert first["results"] == [{"name": "A - D"}]
    assert client.get(first["next"]).json["results"] == [{"name": "X - Y"}]


def test_a_long_list_takes_as_many_statements_as_a_short_one(world: World, client: FlaskClient) -> None:
    with statements() as for_one:
        assert len(client.get("/api/v1/routes?page_size=1").json["results"]) == 1
    for _ in range(100):
        world.add_route("A", "B")
    world.commit()
    with statements() as for_many:
        assert len(client.get("/api/v1/routes?page_size=100").json["results"]) == 100
    assert len(for_one) == len(for_many) == 1, for_many


def test_a_route_says_all_about_itself(world: World, client: FlaskClient) -> None:
    world.add_fare(world.route, 0, 2, 18050)
    world.add_fare(world.other_route, 0, 1, 100)
    world.commit()
    with statements() as seen:
        answer = client.get(f"/api/v1/routes/{world.route.id}").json
    assert len(seen) == 3, seen
    assert [(stop["code"], stop["kilometres"]) for stop in answer["stops"]] == [
        ("A", 0),
        ("B", 100),
        ("C", 200),
        ("D", 300),
    ]
    assert answer["fares"] == [{"origin": "A", "destination": "C", "price": "180.50"}]
    assert (answer["base_price"], answer["currency"]) == ("300.00", "ZAR")
    assert (answer["kilometres"], answer["duration_minutes"], answer["active"]) == (300, 180, True)


def test_a_route_is_made(world: World, client: FlaskClient, operator: dict[str, str]) -> None:
    made = client.post("/api/v1/routes", json=body(), headers=operator)
    assert made.status_code == 201
    assert made.json == client.get(f"/api/v1/routes/{made.json['id']}").json
    assert (made.json["kilometres"], made.json["base_price"]) == (9.5, "100.00")
    assert (made.json["origin"], made.json["destination"], made.json["active"]) == ("A", "B", True)


def test_a_route_may_come_to_a_stop_twice(world: World, client: FlaskClient, operator: dict[str, str]) -> None:
    stops = line(("A", 0), ("B", 10), ("A", 20))
    made = client.post("/api/v1/routes", json=body(stops=stops), headers=operator)
    assert made.status_code == 201
    assert [stop["code"] for stop in made.json["stops"]] == ["A", "B", "A"]


def test_money_has_the_decimals_of_its_currency(world: World, client: FlaskClient, operator: dict[str, str]) -> None:
    yen = client.post("/api/v1/routes", json=body(base_price="1500", currency="JPY"), headers=operator)
    assert yen.json["base_price"] == "1500"
    refused = client.post("/api/v1/routes", json=body(base_price="1500.50", currency="JPY"), headers=operator)
    assert (refused.json["code"], pointers(refused)) == ("bad_price", ["/base_price"])


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"name": " ", "base_price": 100}, ["/name", "/base_price"]),
        ({"base_price": "-1"}, ["/base_price"]),
        ({"base_price": "1e3"}, ["/base_price"]),
        ({"base_price": "99999999.00"}, ["/base_price"]),
        ({"currency": "XXY", "duration_minutes": 0}, ["/currency", "/duration_minutes"]),
        ({"currency": "zar"}, ["/currency"]),
        ({"duration_minutes": "60", "active": 1}, ["/duration_minutes", "/active"]),
        ({"stops": line(("A", 0))}, ["/stops"]),
        (
            {"stops": [{"code": "a", "kilometres": -1}, {"kilometres": "2"}]},
            [
                "/stops/0/code",
                "/stops/0/kilometres",
                "/stops/1/code",
                "/stops/1/kilometres",
            ],
        ),
        (
            {"stops": line(("A", 1), ("NOPE", 1), ("NOPE", 3))},
            [
                "/stops/0/kilometres",
                "/stops/1/code",
                "/stops/1/kilometres",
                "/stops/2/code",
                "/stops/2/code",
            ],
        ),
        ({"stops": line(("A", 0), ("B", 0.0001))}, ["/stops/1/kilometres"]),
    ],
)
def test_what_is_no_route_is_told_fault_by_fault(
    world: World, client: FlaskClient, operator: dict[str, str], changes: dict[str, Any], faults: list[str]
) -> None:
    assert pointers(client.post("/api/v1/routes", json=body(**changes), headers=operator)) == faults
    assert len(client.get("/api/v1/routes", headers=operator).json["results"]) == 2


def test_a_route_is_changed_side_by_side(world: World, client: FlaskClient, operator: dict[str, str]) -> None:
    address = f"/api/v1/routes/{world.route.id}"
    before = client.get(address).json or {}
    changes = {"name": "Coastal", "base_price": "333.30", "active": False, "duration_minutes": 200}
    answer = client.patch(address, json=changes, headers=operator)
    assert answer.status_code == 200
    assert answer.json == {**before, **changes}
    assert client.get(f"/api/v1/routes/{world.other_route.id}").json["name"] == "X - Y"


@pytest.mark.parametrize("field", ["name", "base_price", "currency", "active", "stops", "duration_minutes"])
def test_null_is_no_change(world: World, client: FlaskClient, operator: dict[str, str], field: str) -> None:
    answer = client.patch(f"/api/v1/routes/{world.route.id}", json={field: None}, headers=operator)
    assert pointers(answer) == [f"/{field}"]


@pytest.mark.parametrize("changes", [{"stops": line(("A", 0), ("D", 250))}, {"currency": "EUR", "base_price": "20"}])
def test_a_route_in_use_keeps_its_stops_and_currency(
    world: World, client: FlaskClient, operator: dict[str, str], changes: dict[str, Any]
) -> None:
    answer = client.patch(f"/api/v1/routes/{world.route.id}", json=changes, headers=operator)
    assert (answer.status_code, answer.json["code"]) == (409, "route_in_use")
    kept = client.get(f"/api/v1/routes/{world.route.id}").json
    assert (len(kept["stops"]), kept["currency"]) == (4, "ZAR")
    assert answer.json["detail"].startswith("1 timetables use it: ")


def test_a_route_that_nothing_uses_gets_other_stops(
    world: World, unused: Route, client: FlaskClient, operator: dict[str, str]
) -> None:
    address = f"/api/v1/routes/{unused.id}"
    client.put(
        f"{address}/fares", json={"fares": [{"origin": "A", "destination": "C", "price": "1"}]}, headers=operator
    )
    changes = {"stops": line(("B", 0), ("C", 70.25), ("D", 90)), "currency": "JPY", "base_price": "900"}
    answer = client.patch(address, json=changes, headers=operator).json
    assert [(stop["code"], stop["kilometres"]) for stop in answer["stops"]] == [("B", 0), ("C", 70.25), ("D", 90)]
    assert (answer["origin"], answer["destination"], answer["kilometres"]) == ("B", "D", 90)
    assert (answer["base_price"], answer["currency"], answer["fares"]) == ("900", "JPY", [])
    assert len(client.get(f"/api/v1/routes/{world.route.id}").json["stops"]) == 4


def test_another_currency_needs_a_price_in_it(unused: Route, client: FlaskClient, operator: dict[str, str]) -> None:
    answer = client.patch(f"/api/v1/routes/{unused.id}", json={"currency": "EUR"}, headers=operator)
    assert pointers(answer) == ["/base_price"]


def test_only_a_route_that_nothing_uses_is_removed(
    world: World, unused: Route, client: FlaskClient, operator: dict[str, str]
) -> None:
    refused = client.delete(f"/api/v1/routes/{world.route.id}", headers=operator)
    assert (refused.status_code, refused.json["code"]) == (409, "route_in_use")
    assert "active=false" in refused.json["detail"]
    assert client.delete(f"/api/v1/routes/{unused.id}", headers=operator).status_code == 204
    listed = [route["id"] for route in client.get("/api/v1/routes", headers=operator).json["results"]]
    assert listed == [world.route.id, world.other_route.id]


def test_every_change_is_in_the_audit_log(
    unused: Route, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    address = f"/api/v1/routes/{unused.id}"
    answer = client.patch(address, json={"name": "New", "active": True}, headers=operator)
    client.put(f"{address}/fares", json={"fares": []}, headers=operator)
    client.delete(address, headers=operator)
    rows = database.session.execute(text("SELECT * FROM audit_log ORDER BY id")).all()
    assert [(row.action, row.subject, row.subject_id) for row in rows] == [
        ("change", "routes", str(unused.id)),
        ("set fares", "routes", str(unused.id)),
        ("delete", "routes", str(unused.id)),
    ]
    assert rows[0].details == {"name": "New"}
    assert rows[0].request_id == answer.headers["X-Request-ID"]
    assert all(row.user_id is not None for row in rows)
