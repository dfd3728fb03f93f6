"""Timetables over HTTP: made, listed, refused."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role
from falconbus.platform.kit import clock
from tests.accounts.signing import signed_in
from tests.network.calls import pointers
from tests.timetable.editing import EVERY_DAY, STOPS, body, day, days_of, departures, effect, make
from tests.world import ZONE, World


@pytest.fixture
def operator(database: SQLAlchemy) -> dict[str, str]:
    """The headers of an operator."""
    return signed_in(Role.OPERATOR)


def test_a_timetable_is_made_and_on_sale_at_once(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    exceptions = [{"day": day(2).isoformat(), "runs": False}, {"day": day(20).isoformat(), "runs": True}]
    made = make(client, operator, world, exceptions=exceptions, name="Morning")
    assert made["schedules"] == effect(made=7)
    assert (made["departure_time"], made["time_zone"], made["days"]) == ("10:00", ZONE, EVERY_DAY)
    assert (made["exceptions"], made["name"], made["active"]) == (exceptions, "Morning", True)
    assert made["stops"][0] == {"code": "A", "arrival": 0, "departure": 0, "boards": True, "alights": False}
    assert made["stops"][3] == {"code": "D", "arrival": 180, "departure": 185, "boards": False, "alights": True}
    schedules = departures(database, made["id"])
    assert days_of(schedules) == [day(ahead) for ahead in (1, 3, 4, 5, 6, 7, 20)]
    assert clock.local(schedules[0].departure_time, ZONE).strftime("%H:%M") == "10:00"
    kept = {name: value for name, value in made.items() if name != "schedules"}
    assert client.get(f"/api/v1/timetables/{made['id']}", headers=operator).json == kept


def test_a_departure_after_midnight_belongs_to_the_day_before(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    made = make(client, operator, world, departure_time="25:30")
    assert made["departure_time"] == "25:30"
    first = clock.local(departures(database, made["id"])[0].departure_time, ZONE)
    assert (first.date(), first.strftime("%H:%M")) == (day(2), "01:30")


def test_timetables_are_listed_by_route(world: World, client: FlaskClient, operator: dict[str, str]) -> None:
    made = make(client, operator, world, days=["sat", "mon"])
    listed = client.get(f"/api/v1/timetables?route={world.route.id}", headers=operator).json["results"]
    assert [row["id"] for row in listed] == [world.timetable.id, made["id"]]
    assert listed[1] == {
        "id": made["id"],
        "route_id": world.route.id,
        "bus_number": "FB-1",
        "departure_time": "10:00",
        "days": ["mon", "sat"],
        "valid_from": day(1).isoformat(),
        "valid_until": day(7).isoformat(),
        "active": True,
    }
    assert len(client.get("/api/v1/timetables", headers=operator).json["results"]) == 3
    assert pointers(client.get("/api/v1/timetables?route=x", headers=operator)) == ["route"]


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"route_id": 999}, ["/route_id"]),
        ({"bus_id": 999}, ["/bus_id"]),
        ({"bus_id": 2**40, "route_id": 0}, ["/route_id", "/bus_id"]),
        ({"departure_time": "48:00", "time_zone": "Mars/Olympus"}, ["/departure_time", "/time_zone"]),
        ({"departure_time": "7:30"}, ["/departure_time"]),
        ({"days": ["monday"], "valid_from": "soon"}, ["/days/0", "/valid_from"]),
        ({"valid_from": 20260101}, ["/valid_from"]),
        ({"valid_until": "9999-12-31"}, ["/valid_until"]),
        ({"valid_from": "2030-01-02", "valid_until": "2030-01-01"}, ["/valid_until"]),
        ({"exceptions": [{"day": "2030-01-01", "runs": True}] * 2}, ["/exceptions"]),
        ({"exceptions": [{"day": "2030-01-01"}]}, ["/exceptions/0/runs"]),
        ({"stops": STOPS[:3]}, ["/stops"]),
        ({"stops": STOPS[:1]}, ["/stops"]),
        ({"stops": [{"arrival": -1, "departure": "0"}, *STOPS[1:]]}, ["/stops/0/arrival", "/stops/0/departure"]),
        ({"stops": [{"arrival": 0, "departure": 5}, *STOPS[1:]]}, ["/stops/0/departure"]),
        (
            {"stops": [STOPS[0], {"arrival": 60, "departure": 50}, {"arrival": 50, "departure": 120}, STOPS[3]]},
            ["/stops/1/departure", "/stops/2/arrival"],
        ),
        ({"name": None}, ["/name"]),
        ({"name": "two\nlines"}, ["/name"]),
    ],
)
def test_what_is_no_timetable_is_told(
    world: World, client: FlaskClient, operator: dict[str, str], changes: dict[str, Any], faults: list[str]
) -> None:
    assert pointers(client.post("/api/v1/timetables", json=body(world, **changes), headers=operator)) == faults
    assert len(client.get("/api/v1/timetables", headers=operator).json["results"]) == 2


def test_a_bus_out_of_service_gets_no_timetable(world: World, client: FlaskClient, operator: dict[str, str]) -> None:
    world.bus.active = False
    world.commit()
    assert pointers(client.post("/api/v1/timetables", json=body(world), headers=operator)) == ["/bus_id"]
