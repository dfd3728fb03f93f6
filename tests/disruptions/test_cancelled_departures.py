"""A cancelled departure: seen and not sold, made again by nobody, its crew and its bus free."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from falconbus.accounts.models import Role
from falconbus.platform.database import transactions
from falconbus.scheduling.line_crews import change_notices as crew_notices
from falconbus.timetable import service as timetable
from tests.accounts.signing import signed_in
from tests.calls import booking_body
from tests.disruptions.coach import REASON, lines, value, withdraw
from tests.scheduling.charters import add_charter
from tests.scheduling.people import add_person
from tests.world import World


@pytest.fixture
def operator(database: SQLAlchemy) -> dict[str, str]:
    return signed_in(Role.OPERATOR)


def test_a_cancelled_departure_is_seen_and_not_sold(
    world: World, client: FlaskClient, database: SQLAlchemy, operator: dict[str, str]
) -> None:
    schedule = world.add_schedule()
    search = f"/api/v1/schedules?origin=A&destination=D&date={world.day_of(schedule)}&passengers=1"
    assert len(client.get(search).json["results"]) == 1
    assert withdraw(client, operator, schedule).status_code == 200
    assert client.get(search).json["results"] == []
    refused = client.post("/api/v1/bookings", json=booking_body(schedule.id))
    assert (refused.status_code, refused.json["code"]) == (409, "not_on_sale")
    (row,) = client.get(
        f"/api/v1/routes/{world.route.id}/schedules?from={world.day_of(schedule)}", headers=operator
    ).json["results"]
    assert (row["active"], row["cancellation_reason"], row["taken"]) == (False, REASON, 0)
    assert row["cancelled_at"].endswith("+02:00")
    for change in ({"active": True}, {"bus_id": world.add_bus("FB-5", world.layout).id}):
        world.commit()
        refused = client.patch(f"/api/v1/schedules/{schedule.id}", json=change, headers=operator)
        assert (refused.status_code, refused.json["code"]) == (409, "already_cancelled")


def test_the_database_lets_nobody_put_it_back_on_sale(world: World, database: SQLAlchemy) -> None:
    schedule = world.add_schedule()
    schedule.cancel(REASON, at=schedule.departure_time.replace(year=2000))
    database.session.commit()
    with pytest.raises(Exception, match="ck_schedules_cancelled"):
        database.session.execute(text("UPDATE schedules SET active = true"))
    database.session.rollback()


def test_no_timetable_makes_it_again(
    world: World, client: FlaskClient, database: SQLAlchemy, operator: dict[str, str]
) -> None:
    transactions.run(timetable.make_schedules)
    schedule_id = value(
        database,
        "SELECT min(id) FROM schedules WHERE timetable_id = :id AND departure_time > now()",
        id=world.timetable.id,
    )
    count = value(database, "SELECT count(*) FROM schedules")
    assert withdraw(client, operator, schedule_id).status_code == 200
    assert transactions.run(timetable.make_schedules) == 0
    address = f"/api/v1/timetables/{world.timetable.id}"
    for active in (False, True):
        assert client.patch(address, json={"active": active}, headers=operator).status_code == 200
    assert value(database, "SELECT count(*) FROM schedules") == count
    assert value(database, "SELECT active FROM schedules WHERE id = :id", id=schedule_id) is False
    # Nor does another timetable of the route, at the same time with another bus.
    world.add_timetable(world.route, bus=world.add_bus("FB-6", world.layout))
    world.commit()
    transactions.run(timetable.make_schedules)
    at_that_time = "SELECT count(*) FROM schedules s JOIN schedules c USING (route_id, departure_time) WHERE c.id = :id"
    assert value(database, at_that_time, id=schedule_id) == 1


def test_its_crew_is_told_once_and_free(
    world: World, client: FlaskClient, database: SQLAlchemy, operator: dict[str, str]
) -> None:
    schedule, other = world.add_schedule(), world.add_schedule(days=8)
    driver, attendant = add_person("dumi", Role.DRIVER), add_person("ayanda", Role.ATTENDANT)
    for each in (schedule, other):
        crew = {"driver_id": driver.id, "attendant_ids": [attendant.id]}
        assert (
            client.put(f"/api/v1/scheduling/schedules/{each.id}/crew", json=crew, headers=operator).status_code == 200
        )
    assert withdraw(client, operator, schedule, preview=True).json["crew"] == 2
    assert withdraw(client, operator, schedule).json["crew"] == 2
    transactions.run(crew_notices.notify_crew_changes)
    told = lines(
        database,
        "SELECT staff_id, title, message FROM notifications WHERE schedule_id = :id AND kind <> 'rostered' ORDER BY 1",
        id=schedule.id,
    )
    assert [staff_id for staff_id, _, _ in told] == sorted([driver.id, attendant.id])
    assert all(title.endswith(": cancelled") and REASON in message for _, title, message in told)
    assert lines(database, "SELECT DISTINCT schedule_id FROM assignments") == [(other.id,)]
    crew = {"driver_id": driver.id, "attendant_ids": []}
    refused = client.put(f"/api/v1/scheduling/schedules/{schedule.id}/crew", json=crew, headers=operator)
    assert (refused.status_code, refused.json["code"]) == (409, "already_cancelled")


def test_its_bus_is_free_for_a_charter(
    world: World, client: FlaskClient, database: SQLAlchemy, operator: dict[str, str]
) -> None:
    schedule = world.add_schedule(days=20)
    times: dict[str, Any] = {"starts": schedule.departure_time, "bus": world.bus}
    with pytest.raises(IntegrityError, match="has a departure during the charter"):
        add_charter(**times)
    database.session.rollback()
    assert withdraw(client, operator, schedule).status_code == 200
    assert add_charter(**times).bus_id == world.bus.id
