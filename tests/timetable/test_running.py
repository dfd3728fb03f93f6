"""A departure that is off sale runs while somebody has a ticket: everybody who asks hears the same."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.network.models import Bus
from falconbus.platform.database import transactions
from falconbus.scheduling.appointments import departures
from falconbus.scheduling.lapses import noting
from falconbus.scheduling.notifications.models import Notification
from falconbus.timetable.models import Schedule
from falconbus.timetable.running import runs
from falconbus.timetable.service import find_blocked_departures
from tests.accounts.signing import signed_in
from tests.calls import bearer
from tests.disruptions.coach import sold
from tests.timetable.editing import day
from tests.world import World


@pytest.fixture
def operator(database: SQLAlchemy) -> dict[str, str]:
    return signed_in(Role.OPERATOR)


@pytest.fixture
def bus(world: World) -> Bus:
    bus = world.add_bus("FB-2", world.layout)
    world.commit()
    return bus


@pytest.fixture
def departure(world: World, client: FlaskClient, bus: Bus, operator: dict[str, str]) -> tuple[Schedule, dict[str, Any]]:
    """A departure a week from now, sold and then off sale; another one of the bus off sale without tickets."""
    unsold, schedule = world.add_schedule(days=4, bus=bus), world.add_schedule(bus=bus)
    held = sold(client, schedule.id)
    for each in (unsold, schedule):
        assert client.patch(f"/api/v1/schedules/{each.id}", json={"active": False}, headers=operator).status_code == 200
    return schedule, held


def running(database: SQLAlchemy, bus: Bus) -> list[int]:
    found = database.session.scalars(
        text(f"SELECT id FROM schedules WHERE bus_id = :bus AND {runs()}"), {"bus": bus.id}
    )
    return list(found)


def test_it_runs_until_the_last_ticket_is_cancelled(
    client: FlaskClient, database: SQLAlchemy, bus: Bus, departure: tuple[Schedule, dict[str, Any]]
) -> None:
    schedule, held = departure
    assert running(database, bus) == [schedule.id]
    client.post(f"/api/v1/bookings/{held['reference']}/cancel", json={}, headers=bearer(held["manage_token"]))
    assert running(database, bus) == []


@pytest.mark.usefixtures("departure")
def test_its_bus_is_not_free_for_another_ride(
    world: World, client: FlaskClient, operator: dict[str, str], bus: Bus
) -> None:
    other = world.add_timetable(world.add_route("A", "D"), departure_minutes=540)
    world.commit()
    body = {"timetable_id": other.id, "bus_id": bus.id, "date": day(7).isoformat()}
    answer = client.post("/api/v1/schedules", json=body, headers=operator)
    assert (answer.status_code, answer.json["code"]) == (409, "bus_on_departure")


@pytest.mark.usefixtures("departure")
def test_its_bus_is_due_on_it(client: FlaskClient, bus: Bus) -> None:
    answer = client.patch(f"/api/v1/buses/{bus.id}", json={"active": False}, headers=signed_in(Role.ADMIN))
    assert answer.json["affected"]["departures"] == 1


def test_another_ride_of_its_bus_is_told_of(world: World, bus: Bus, departure: tuple[Schedule, dict[str, Any]]) -> None:
    world.add_schedule(world.add_timetable(world.add_route("A", "D")), bus=bus, at=departure[0].departure_time)
    world.commit()
    assert transactions.run(noting.note_clashes) == 1


@pytest.mark.usefixtures("departure")
def test_no_timetable_makes_another_one_with_its_bus(
    world: World, database: SQLAlchemy, bus: Bus, operator: dict[str, str]
) -> None:
    timetable = world.add_timetable(world.add_route("A", "D"), bus=bus, departure_minutes=540)
    world.commit()
    transactions.run(departures.make_schedules)
    (blocked,) = find_blocked_departures(timetable_ids=[timetable.id])
    assert (blocked.departure_time.date(), blocked.sold_schedule_id is not None) == (day(7), True)
    titles = database.session.scalars(database.select(Notification.title)).all()
    assert titles == ["A departure is not on sale: its bus is on a departure off sale that has tickets"]
