"""Single stops over HTTP; finding them by text is search's."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role
from tests.accounts.signing import signed_in
from tests.network.calls import pointers
from tests.world import World

LONDON = {
    "code": "LDN",
    "name": "Victoria",
    "city": "London",
    "description": "Stand 12",
    "latitude": 51.49,
    "longitude": -0.14,
    "time_zone": "Europe/London",
}


@pytest.fixture
def operator(database: SQLAlchemy) -> dict[str, str]:
    """The headers of an operator."""
    return signed_in(Role.OPERATOR)


def test_a_stop_is_made_changed_and_removed(world: World, client: FlaskClient, operator: dict[str, str]) -> None:
    made = client.post("/api/v1/stops", json=LONDON, headers=operator)
    assert (made.status_code, made.json) == (201, LONDON)
    assert client.get("/api/v1/stops/ldn").json == LONDON
    changes = {"name": "Heathrow", "latitude": None, "longitude": None}
    assert client.patch("/api/v1/stops/LDN", json=changes, headers=operator).json == {**LONDON, **changes}
    assert client.get("/api/v1/stops/A").json["name"] == "City A, Station A"
    assert client.delete("/api/v1/stops/LDN", headers=operator).status_code == 204
    assert client.get("/api/v1/stops/LDN").status_code == 404
    assert client.get("/api/v1/stops/A").status_code == 200


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"code": "l dn", "name": "", "city": "x" * 201}, ["/code", "/name", "/city"]),
        ({"time_zone": "Europe/Atlantis"}, ["/time_zone"]),
        ({"time_zone": "../etc/passwd"}, ["/time_zone"]),
        ({"latitude": 91, "longitude": -181}, ["/latitude", "/longitude"]),
        ({"latitude": "51"}, ["/latitude"]),
        ({"longitude": None}, ["/longitude"]),
        ({"name": "two\nlines"}, ["/name"]),
    ],
)
def test_what_is_no_stop_is_told(
    world: World, client: FlaskClient, operator: dict[str, str], changes: dict[str, Any], faults: list[str]
) -> None:
    assert pointers(client.post("/api/v1/stops", json={**LONDON, **changes}, headers=operator)) == faults


def test_a_code_is_for_one_stop_and_for_ever(world: World, client: FlaskClient, operator: dict[str, str]) -> None:
    taken = client.post("/api/v1/stops", json={**LONDON, "code": "A"}, headers=operator)
    assert (taken.status_code, taken.json["code"]) == (409, "already_exists")
    assert taken.json["errors"][0]["pointer"] == "/code"
    assert pointers(client.patch("/api/v1/stops/A", json={"code": "Z"}, headers=operator)) == ["/code"]


def test_half_a_position_is_none(world: World, client: FlaskClient, operator: dict[str, str]) -> None:
    assert pointers(client.patch("/api/v1/stops/A", json={"latitude": None}, headers=operator)) == ["/latitude"]


def test_a_stop_that_a_route_calls_at_stays(world: World, client: FlaskClient, operator: dict[str, str]) -> None:
    for code in ("A", "B"):
        answer = client.delete(f"/api/v1/stops/{code}", headers=operator)
        assert (answer.status_code, answer.json["code"]) == (409, "stop_in_use")
