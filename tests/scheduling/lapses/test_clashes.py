"""Rides that timetables and feeds have planned, and that do not go together, are listed and told of once."""

from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role, User
from falconbus.network.models import Bus
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import AppointmentStatus
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus, CrewRole
from falconbus.scheduling.lapses import noting
from falconbus.timetable.models import Timetable
from tests.scheduling.charters import add_assignment, add_charter, add_service, tomorrow
from tests.scheduling.lapses.test_noting import listed, told
from tests.scheduling.people import add_person, headers_of
from tests.world import World

JOHANNESBURG, DURBAN = (-26.2, 28.05), (-29.85, 31.02)


@pytest.fixture
def operator(world: World) -> User:
    """An operator; the world's own buses do nothing that does not go together."""
    for code, (latitude, longitude) in {"A": JOHANNESBURG, "D": DURBAN}.items():
        world.stops[code].latitude, world.stops[code].longitude = latitude, longitude
    return add_person("olga", Role.OPERATOR)


@pytest.fixture
def bus(world: World) -> Bus:
    bus = world.add_bus("FB-2", world.layout)
    world.commit()
    return bus


@pytest.fixture
def back(world: World, operator: User) -> Timetable:
    """A timetable back: from Durban to Johannesburg, three hours like the world's from there to here."""
    return world.add_timetable(world.add_route("D", "C", "B", "A"))


def note() -> int:
    return transactions.run(noting.note_clashes)


def departing(hour: int, *, days: int = 3) -> datetime:
    return tomorrow(hour, days=days)


def test_a_bus_due_twice_at_a_time_is_told_of_once(
    world: World, client: FlaskClient, operator: User, bus: Bus, back: Timetable
) -> None:
    for days in (3, 4):
        world.add_schedule(bus=bus, at=departing(8, days=days))
        world.add_schedule(back, bus=bus, at=departing(9, days=days))
    assert (note(), note()) == (1, 0)
    assert [title for title, _ in told(operator)] == ["A bus is due on two rides at a time"]
    (row,) = listed(client, operator)
    assert (row["kind"], row["bus"]) == ("bus_overlap", {"id": bus.id, "number": "FB-2"})
    day = departing(9).strftime("%a")
    assert str(row["detail"]).startswith(f"D - A, {day} ")


def test_a_long_ride_covers_more_than_the_next_one(world: World, operator: User, bus: Bus, back: Timetable) -> None:
    long = world.add_schedule(bus=bus, at=departing(6))
    long.arrival_time += timedelta(hours=7)
    world.add_schedule(back, bus=bus, at=departing(17))
    world.commit()
    assert note() == 0
    world.add_schedule(back, bus=bus, at=departing(7))
    assert note() == 1


@pytest.mark.parametrize(("hour", "is_back", "number"), [(11, True, 0), (11, False, 1), (15, False, 1), (16, False, 0)])
def test_a_bus_that_would_have_to_fly_is_told_of(
    world: World, operator: User, bus: Bus, back: Timetable, hour: int, is_back: bool, number: int
) -> None:
    """From eight to eleven it goes to Durban; some 500 km from there it leaves later."""
    world.add_schedule(bus=bus, at=departing(8))
    world.add_schedule(back if is_back else None, bus=bus, at=departing(hour))
    assert note() == number
    assert [title for title, _ in told(operator)] == ["A bus cannot be where its next ride begins"] * number


def test_a_charter_counts_too(world: World, client: FlaskClient, operator: User, bus: Bus) -> None:
    world.add_schedule(bus=bus, at=departing(8))
    charter = add_charter(starts=departing(12), bus=bus, pick_up_stop_id=world.stops["A"].id, pick_up_text=None)
    assert note() == 1
    (row,) = listed(client, operator)
    assert (row["kind"], charter.reference in str(row["detail"])) == ("bus_too_far", True)
    charter.status = AppointmentStatus.CANCELLED
    world.commit()
    assert (note(), listed(client, operator)) == (0, [])


def test_a_driver_is_told_of_as_a_bus_is(
    world: World, client: FlaskClient, operator: User, database: SQLAlchemy
) -> None:
    """A charter's places have changed since its driver said yes."""
    driver = add_person("sipho", Role.DRIVER)
    schedule = world.add_schedule(at=departing(8))
    address = f"/api/v1/scheduling/schedules/{schedule.id}/crew"
    crew = {"driver_id": driver.id, "attendant_ids": []}
    assert client.put(address, json=crew, headers=headers_of(operator)).status_code == 200
    onwards = database.session.query(Assignment).one()
    assert (onwards.origin_stop_id, onwards.destination_stop_id) == (world.stops["A"].id, world.stops["D"].id)
    charter = add_charter(add_service(), starts=departing(12), status=AppointmentStatus.ACCEPTED)
    add_assignment(charter, driver, CrewRole.DRIVER, AssignmentStatus.ACCEPTED)
    assert note() == 0
    changes = {"pick_up": {"stop": "A"}}
    address = f"/api/v1/scheduling/appointments/{charter.reference}"
    assert client.patch(address, json=changes, headers=headers_of(operator)).status_code == 200
    assert (note(), note()) == (1, 0)
    (row,) = listed(client, operator)
    assert (row["kind"], row["reference"]) == ("staff_too_far", charter.reference)


def test_what_is_past_is_past(world: World, operator: User, bus: Bus) -> None:
    world.add_schedule(bus=bus, at=clock.now() - timedelta(hours=9))
    world.add_schedule(bus=bus, at=clock.now() - timedelta(hours=8))
    assert note() == 0
