"""Set prices between the stops of a route."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from tests.accounts.signing import signed_in
from tests.network.calls import pointers
from tests.world import World


@pytest.fixture
def operator(database: SQLAlchemy) -> dict[str, str]:
    """The headers of an operator."""
    return signed_in(Role.OPERATOR)


def test_fares_are_replaced_as_a_whole(world: World, client: FlaskClient, operator: dict[str, str]) -> None:
    world.add_fare(world.other_route, 0, 1, 100)
    world.commit()
    address = f"/api/v1/routes/{world.route.id}/fares"
    first = [{"origin": "A", "destination": "B", "price": "99.90"}, {"origin": "B", "destination": "D", "price": "0"}]
    client.put(address, json={"fares": first}, headers=operator)
    second = [{"origin": "A", "destination": "D", "price": "250.00"}]
    assert client.put(address, json={"fares": second}, headers=operator).json["fares"] == second
    assert client.put(address, json={"fares": []}, headers=operator).json["fares"] == []
    assert len(client.get(f"/api/v1/routes/{world.other_route.id}").json["fares"]) == 1


def test_a_fare_counts_for_every_pair_of_a_stop_that_comes_twice(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    loop = world.add_route("A", "B", "A", "C")
    world.commit()
    fares = [{"origin": "A", "destination": "C", "price": "50.00"}]
    answer = client.put(f"/api/v1/routes/{loop.id}/fares", json={"fares": fares}, headers=operator)
    assert answer.json["fares"] == fares
    rows = database.session.execute(text("SELECT origin_position, destination_position, price FROM segment_fares"))
    assert {tuple(row) for row in rows} == {(0, 3, 5000), (2, 3, 5000)}


@pytest.mark.parametrize(
    ("fares", "faults"),
    [
        ([{"origin": "B", "destination": "A", "price": "1"}], ["/fares/0"]),
        ([{"origin": "A", "destination": "X", "price": "1"}], ["/fares/0"]),
        ([{"origin": "A", "destination": "B", "price": "1"}] * 2, ["/fares/1"]),
        ([{"origin": "A", "destination": "B", "price": "1.001"}], ["/fares/0/price"]),
        ([{"origin": "A", "price": 1}], ["/fares/0/destination", "/fares/0/price"]),
    ],
)
def test_what_is_no_fare_is_told(
    world: World, client: FlaskClient, operator: dict[str, str], fares: list[Any], faults: list[str]
) -> None:
    address = f"/api/v1/routes/{world.route.id}/fares"
    assert pointers(client.put(address, json={"fares": fares}, headers=operator)) == faults
    missing = client.put("/api/v1/routes/999/fares", json={"fares": []}, headers=operator)
    assert missing.status_code == 404


def test_one_fare_is_set_on_every_route_that_rides_that_way(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    """The first route and a loop, twice; not the one back, nor the one in another currency."""
    loop = world.add_route("A", "C", "A", "C")
    world.add_route("C", "A")
    world.add_route("A", "C", currency="EUR")
    world.add_fare(world.route, 0, 2, 100)
    world.commit()
    body = {"origin": "A", "destination": "C", "price": "88.50", "currency": "ZAR"}
    answer = client.put("/api/v1/fares", json=body, headers=operator)
    assert (answer.status_code, answer.json) == (200, {"routes": 2})
    found = database.session.execute(text("SELECT * FROM segment_fares ORDER BY 1, 2, 3"))
    assert [tuple(row) for row in found] == [
        (world.route.id, 0, 2, 8850),
        *((loop.id, *pair, 8850) for pair in ((0, 1), (0, 3), (2, 3))),
    ]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"destination": "NOWHERE"}, 404, "stop_not_found"),
        ({"currency": "EUR"}, 422, "not_ridden"),
        ({"origin": "C", "destination": "A"}, 422, "not_ridden"),
        ({"price": "1.001"}, 422, "bad_price"),
    ],
)
def test_a_fare_that_no_route_could_have_is_refused(
    world: World, client: FlaskClient, operator: dict[str, str], changes: dict[str, str], status: int, code: str
) -> None:
    body = {"origin": "A", "destination": "C", "price": "88.50", "currency": "ZAR", **changes}
    answer = client.put("/api/v1/fares", json=body, headers=operator)
    assert (answer.status_code, answer.json["code"]) == (status, code)
