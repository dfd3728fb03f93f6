"""What operators are answered who put a departure where its bus is on a charter, over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role
from falconbus.network.models import Bus
from falconbus.timetable.models import Schedule, Timetable
from tests.accounts.signing import signed_in
from tests.scheduling.buses.claims import both
from tests.scheduling.charters import add_charter, tomorrow
from tests.timetable.editing import body, day, days_of, departures, effect, make
from tests.world import World


@pytest.fixture
def operator(database: SQLAlchemy) -> dict[str, str]:
    """The headers of an operator."""
    return signed_in(Role.OPERATOR)


@pytest.fixture
def chartered(world: World) -> Bus:
    """A bus that is on a charter for the whole of the third day from now."""
    bus = world.add_bus("FB-2", world.layout)
    add_charter(starts=tomorrow(0, days=3), hours=24, bus=bus)
    return bus


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


ON_CHARTER = (409, "bus_on_charter")


def test_an_extra_coach_that_is_on_a_charter_is_refused(
    world: World, chartered: Bus, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    before = database.session.query(Schedule).count()
    extra = {"timetable_id": world.timetable.id, "bus_id": chartered.id, "date": day(3).isoformat()}
    assert refused(client.post("/api/v1/schedules", json=extra, headers=operator)) == ON_CHARTER
    assert database.session.query(Schedule).count() == before
    free = {**extra, "date": day(4).isoformat()}
    assert client.post("/api/v1/schedules", json=free, headers=operator).status_code == 201


def test_another_coach_goes_in_the_place_of_one_on_a_charter(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    other = world.add_bus("FB-2", world.layout)
    add_charter(starts=tomorrow(9, days=3), bus=world.bus)
    body = {"timetable_id": world.timetable.id, "bus_id": other.id, "date": day(3).isoformat()}
    answer = client.post("/api/v1/schedules", json=body, headers=operator)
    assert (answer.status_code, answer.json["bus_number"]) == (201, "FB-2")
    assert [each.bus_id for each in departures(database, world.timetable.id)] == [other.id]


def test_a_departure_does_not_get_a_bus_on_a_charter(
    world: World, chartered: Bus, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    schedule = world.add_schedule(days=3)
    address = f"/api/v1/schedules/{schedule.id}"
    answer = client.patch(address, json={"bus_id": chartered.id, "active": False}, headers=operator)
    assert refused(answer) == ON_CHARTER
    (same,) = departures(database, world.timetable.id)
    assert (same.bus_id, same.active) == (world.bus.id, True)


def test_a_timetable_moves_to_no_time_at_which_its_bus_is_on_a_charter(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    made = make(client, operator, world)
    add_charter(starts=tomorrow(15, days=3), bus=world.bus)
    before = [each.departure_time for each in departures(database, made["id"])]
    answer = client.patch(f"/api/v1/timetables/{made['id']}", json={"departure_time": "13:00"}, headers=operator)
    assert refused(answer) == ON_CHARTER
    assert [each.departure_time for each in departures(database, made["id"])] == before
    assert database.session.get_one(Timetable, made["id"]).departure_minutes == 10 * 60
    free = client.patch(f"/api/v1/timetables/{made['id']}", json={"departure_time": "12:00"}, headers=operator)
    assert free.status_code == 200


def test_a_timetables_new_bus_leaves_the_day_of_its_charter_to_the_old_one(
    world: World, chartered: Bus, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    made = make(client, operator, world)
    answer = client.patch(f"/api/v1/timetables/{made['id']}", json={"bus_id": chartered.id}, headers=operator).json
    assert (answer["bus_number"], answer["schedules"]) == ("FB-2", effect(kept_bus=1))
    buses = [each.bus_id for each in departures(database, made["id"])]
    assert buses == [chartered.id, chartered.id, world.bus.id, *[chartered.id] * 4]
    assert both() == 0


def test_a_new_timetable_goes_around_the_charters_of_its_bus(
    world: World, chartered: Bus, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    answer = client.post("/api/v1/timetables", json=body(world, bus_id=chartered.id), headers=operator).json
    assert answer["schedules"] == effect(made=6)
    assert days_of(departures(database, answer["id"])) == [day(ahead) for ahead in (1, 2, 4, 5, 6, 7)]


def test_a_bus_with_a_charter_keeps_its_seats_and_is_not_removed(
    world: World, chartered: Bus, client: FlaskClient, operator: dict[str, str]
) -> None:
    world.add_layout("larger", standard=40)
    world.commit()
    admin = signed_in(Role.ADMIN)
    address = f"/api/v1/buses/{chartered.id}"
    assert refused(client.delete(address, headers=admin)) == (409, "bus_in_use")
    assert refused(client.patch(address, json={"layout": "larger"}, headers=admin)) == (409, "bus_in_use")
    assert client.patch(address, json={"active": False}, headers=admin).status_code == 200
