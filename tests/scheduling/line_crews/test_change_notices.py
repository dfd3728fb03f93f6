"""Crews are told what becomes of their departures, whoever changes them."""

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from falconbus.accounts.models import Role, User
from falconbus.scheduling.line_crews import change_notices
from falconbus.scheduling.notifications.models import Notification
from falconbus.timetable.models import Schedule
from tests.scheduling.people import add_person, headers_of
from tests.world import World


def told(database: SQLAlchemy, person: User) -> list[str]:
    """The ends of the titles of what somebody was told since they were put on, in order."""
    made = change_notices.notify_crew_changes()
    database.session.commit()
    rows = database.session.scalars(
        select(Notification).where(Notification.staff_id == person.id, Notification.kind == "changed")
    )
    titles = [row.title.rpartition(": ")[2] for row in rows]
    assert made in {0, 1, 2}
    return titles


@pytest.fixture
def driver(world: World, client: FlaskClient) -> User:
    return add_person("dumi", Role.DRIVER)


@pytest.fixture
def schedule(world: World, client: FlaskClient, driver: User, office: dict[str, str]) -> Schedule:
    """A departure with its driver, and one of somebody else's beside it."""
    other, colleague = world.add_schedule(bus=world.add_bus("FB-9", world.layout)), add_person("obed", Role.DRIVER)
    schedule = world.add_schedule()
    for each, person in ((schedule, driver), (other, colleague)):
        crew = {"driver_id": person.id, "attendant_ids": []}
        address = f"/api/v1/scheduling/schedules/{each.id}/crew"
        assert client.put(address, json=crew, headers=office).status_code == 200
    return schedule


@pytest.fixture
def office(world: World) -> dict[str, str]:
    return headers_of(add_person("olwethu", Role.OPERATOR))


def test_another_bus_is_told_once(
    world: World, client: FlaskClient, database: SQLAlchemy, schedule: Schedule, driver: User, office: dict[str, str]
) -> None:
    assert told(database, driver) == []
    bus = world.add_bus("FB-2", world.layout)
    world.commit()
    assert client.patch(f"/api/v1/schedules/{schedule.id}", json={"bus_id": bus.id}, headers=office).status_code == 200
    assert told(database, driver) == ["now with bus FB-2"]
    assert told(database, driver) == ["now with bus FB-2"]
    assert database.session.query(Notification).filter_by(kind="changed").count() == 1


def test_off_sale_and_on_again_is_told_also_when_a_timetable_does_it(
    client: FlaskClient, database: SQLAlchemy, schedule: Schedule, driver: User, office: dict[str, str]
) -> None:
    address = f"/api/v1/timetables/{schedule.timetable_id}"
    assert client.patch(address, json={"active": False}, headers=office).status_code == 200
    assert told(database, driver) == ["taken off sale; ask the office whether it runs"]
    assert client.patch(f"/api/v1/schedules/{schedule.id}", json={"active": True}, headers=office).status_code == 200
    assert told(database, driver)[-1] == "on sale again"


def test_what_has_changed_and_changed_back_is_no_news(
    client: FlaskClient, database: SQLAlchemy, schedule: Schedule, driver: User, office: dict[str, str]
) -> None:
    for active in (False, True):
        client.patch(f"/api/v1/schedules/{schedule.id}", json={"active": active}, headers=office)
    assert told(database, driver) == []
