"""Crews of line schedules: who may see and change them, who is told, and who is refused."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from falconbus.accounts.models import Role, User
from falconbus.platform.kit import clock
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus
from falconbus.scheduling.notifications.models import Notification
from falconbus.scheduling.staff_records.models import Leave
from falconbus.timetable.models import Schedule
from tests.calls import hold, pay
from tests.counting import statements
from tests.scheduling.charters import add_assignment, add_charter
from tests.scheduling.people import add_person, headers_of
from tests.world import ZONE, World


@pytest.fixture
def operator(world: World) -> dict[str, str]:
    """The headers of somebody who dispatches."""
    return headers_of(add_person("olwethu", Role.OPERATOR))


def crew_of(schedule: Schedule) -> str:
    return f"/api/v1/scheduling/schedules/{schedule.id}/crew"


def put(
    client: FlaskClient, operator: dict[str, str], schedule: Schedule, driver: User | None, *attendants: User
) -> Any:
    body = {"driver_id": driver.id if driver else None, "attendant_ids": [each.id for each in attendants]}
    return client.put(crew_of(schedule), json=body, headers=operator)


def told(database: SQLAlchemy, person: User) -> list[tuple[str, str]]:
    """What somebody was told: kind and title."""
    database.session.rollback()
    rows = database.session.execute(
        select(Notification.kind, Notification.title)
        .where(Notification.staff_id == person.id)
        .order_by(Notification.id)
    )
    return [(row.kind, row.title) for row in rows]


def test_a_crew_is_for_those_who_dispatch_and_for_itself(
    world: World, client: FlaskClient, operator: dict[str, str]
) -> None:
    schedule, driver, other = world.add_schedule(), add_person("dumi", Role.DRIVER), add_person("obed", Role.DRIVER)
    body = {"driver_id": driver.id, "attendant_ids": []}
    assert client.get(crew_of(schedule)).status_code == 401
    assert client.put(crew_of(schedule), json=body).status_code == 401
    assert client.put(crew_of(schedule), json=body, headers=headers_of(driver)).status_code == 403
    assert client.get(crew_of(schedule), headers=headers_of(driver)).status_code == 404
    assert client.get(crew_of(schedule), headers=headers_of(add_person("thandi"))).status_code == 403
    assert put(client, operator, schedule, driver).status_code == 200
    assert client.get(crew_of(schedule), headers=headers_of(driver)).json["driver"]["name"] == "Dumi"
    hidden = client.get(crew_of(schedule), headers=headers_of(other))
    assert (hidden.status_code, hidden.json["code"]) == (404, "schedule_not_found")


def test_who_is_put_on_is_on_it_at_once_and_told(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    schedule, beside = world.add_schedule(), world.add_schedule(days=8)
    driver, attendant = add_person("dumi", Role.DRIVER), add_person("ayanda", Role.ATTENDANT)
    answer = put(client, operator, schedule, driver, attendant)
    assert answer.status_code == 200, answer.json
    assert answer.json == {
        "schedule_id": schedule.id,
        "route": "A - D",
        "departure_time": clock.local(schedule.departure_time, ZONE).isoformat(),
        "arrival_time": clock.local(schedule.arrival_time, ZONE).isoformat(),
        "bus_number": "FB-1",
        "driver": {"id": driver.id, "name": "Dumi", "phone": None},
        "attendants": [{"id": attendant.id, "name": "Ayanda", "phone": None}],
        "warnings": [],
    }
    rows = database.session.scalars(select(Assignment)).all()
    assert {(row.staff_id, row.part, row.status, row.schedule_id) for row in rows} == {
        (driver.id, "driver", "accepted", schedule.id),
        (attendant.id, "attendant", "accepted", schedule.id),
    }
    assert all(row.answered_at and row.starts_at == schedule.departure_time for row in rows)
    ((kind, title),) = told(database, driver)
    assert (kind, title.split(",")[0]) == ("rostered", "You drive A - D")
    assert told(database, attendant)[0][1].startswith("You attend A - D, ")
    message = database.session.scalars(select(Notification.message)).first() or ""
    assert "08:00 from City A, Station A (UTC+02:00)" in message
    assert "11:00 at City D, Station D (UTC+02:00)" in message
    assert "Bus FB-1" in message
    assert "Crew: Dumi (driver), Ayanda (attendant)" in message
    assert client.get(crew_of(beside), headers=operator).json["driver"] is None


def test_each_end_is_told_in_the_time_of_its_stop(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    world.add_stop("MPM", city="Maputo", time_zone="Africa/Nairobi")
    schedule = world.add_schedule(world.add_timetable(world.add_route("A", "MPM")))
    answer = put(client, operator, schedule, add_person("dumi", Role.DRIVER))
    assert answer.json["departure_time"].endswith("T08:00:00+02:00")
    assert answer.json["arrival_time"].endswith("T10:00:00+03:00")
    message = database.session.scalars(select(Notification.message)).one()
    assert "10:00 at Maputo, Station MPM (UTC+03:00)" in message


def test_who_stays_is_neither_told_again_nor_made_anew(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    schedule, driver = world.add_schedule(), add_person("dumi", Role.DRIVER)
    one, two = add_person("ayanda", Role.ATTENDANT), add_person("buhle", Role.ATTENDANT)
    put(client, operator, schedule, driver, one)
    before = database.session.scalar(select(Assignment.id).where(Assignment.staff_id == driver.id))
    answer = put(client, operator, schedule, driver, two)
    assert [each["name"] for each in answer.json["attendants"]] == ["Buhle"]
    assert [kind for kind, _ in told(database, driver)] == ["rostered"]
    assert [kind for kind, _ in told(database, one)] == ["rostered", "unrostered"]
    assert told(database, one)[1][1].startswith("You are not on A - D any more, ")
    assert [kind for kind, _ in told(database, two)] == ["rostered"]
    assert database.session.scalar(select(Assignment.id).where(Assignment.staff_id == driver.id)) == before
    assert put(client, operator, schedule, driver, two).status_code == 200
    assert [kind for kind, _ in told(database, two)] == ["rostered"]


def test_somebody_can_change_their_part(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    schedule = world.add_schedule()
    able, other = add_person("able", Role.DRIVER, Role.ATTENDANT), add_person("dumi", Role.DRIVER)
    put(client, operator, schedule, able)
    answer = put(client, operator, schedule, other, able)
    assert (answer.json["driver"]["name"], answer.json["attendants"][0]["name"]) == ("Dumi", "Able")
    assert [kind for kind, _ in told(database, able)] == ["rostered", "rostered"]


def test_a_schedule_that_nobody_is_on_any_more_can_be_deleted(
    world: World, client: FlaskClient, operator: dict[str, str]
) -> None:
    schedule, driver = world.add_schedule(), add_person("dumi", Role.DRIVER)
    put(client, operator, schedule, driver)
    address = f"/api/v1/schedules/{schedule.id}"
    assert client.delete(address, headers=operator).json["code"] == "schedule_in_use"
    emptied = put(client, operator, schedule, None)
    assert (emptied.json["driver"], emptied.json["attendants"]) == (None, [])
    assert client.delete(address, headers=operator).status_code == 204
    assert put(client, operator, schedule, driver).json["code"] == "schedule_not_found"


def test_what_has_left_keeps_its_crew(world: World, client: FlaskClient, operator: dict[str, str]) -> None:
    schedule = world.add_schedule(at=clock.now() - timedelta(minutes=1))
    answer = put(client, operator, schedule, add_person("dumi", Role.DRIVER))
    assert (answer.status_code, answer.json["code"]) == (409, "schedule_left")


def test_who_may_not_be_put_on_is_named_and_nothing_changes(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    schedule, driver = world.add_schedule(), add_person("dumi", Role.DRIVER)
    first = add_person("ayanda", Role.ATTENDANT)
    put(client, operator, schedule, driver, first)
    expired = add_person("edna", Role.DRIVER, Role.ATTENDANT)
    database.session.execute(
        text("UPDATE licences SET expires_on = '2020-01-01' WHERE staff_id = :id"), {"id": expired.id}
    )
    away, busy = add_person("lena", Role.ATTENDANT), add_person("bert", Role.ATTENDANT)
    day = clock.local(schedule.departure_time, ZONE).date()
    database.session.add(Leave(staff_id=away.id, first_day=day, last_day=day, kind="annual"))
    database.session.commit()
    add_assignment(add_charter(starts=schedule.departure_time), busy, status=AssignmentStatus.ACCEPTED)
    closed = add_person("clara", Role.ATTENDANT)
    closed.active = False
    database.session.commit()
    refusals = [
        (put(client, operator, schedule, expired, first), 409, "licence_expired", "/driver_id"),
        (put(client, operator, schedule, driver, first, away), 409, "on_leave", "/attendant_ids/1"),
        (put(client, operator, schedule, driver, first, busy), 409, "staff_busy", "/attendant_ids/1"),
        (put(client, operator, schedule, driver, first, closed), 422, "unknown_staff", "/attendant_ids/1"),
        (put(client, operator, schedule, first), 422, "unknown_staff", "/driver_id"),
        (put(client, operator, schedule, expired, expired), 422, "invalid", "/attendant_ids/0"),
    ]
    for answer, status, code, pointer in refusals:
        assert (answer.status_code, answer.json["code"]) == (status, code)
        assert answer.json["errors"][0]["pointer"] == pointer
    shown = client.get(crew_of(schedule), headers=operator).json
    assert (shown["driver"]["name"], [each["name"] for each in shown["attendants"]]) == ("Dumi", ["Ayanda"])
    assert [kind for kind, _ in told(database, first)] == ["rostered"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"driver_id": 1},
        {"driver_id": "1", "attendant_ids": []},
        {"driver_id": 2**31, "attendant_ids": []},
        {"driver_id": None, "attendant_ids": [0]},
        {"driver_id": None, "attendant_ids": list(range(1, 12))},
        {"driver_id": None, "attendant_ids": [], "bus_id": 1},
    ],
)
def test_a_bad_body_is_refused(
    body: dict[str, Any], world: World, client: FlaskClient, operator: dict[str, str]
) -> None:
    answer = client.put(crew_of(world.add_schedule()), json=body, headers=operator)
    assert (answer.status_code, answer.json["code"]) == (422, "invalid")


def test_what_speaks_against_somebody_is_told_and_does_not_keep_them_off(
    world: World, client: FlaskClient, operator: dict[str, str]
) -> None:
    driver = add_person("dumi", Role.DRIVER)
    first = world.add_schedule(at=clock.now() + timedelta(days=3))
    second = world.add_schedule(at=first.arrival_time + timedelta(minutes=1), bus=world.add_bus("FB-2", world.layout))
    third = world.add_schedule(at=second.arrival_time + timedelta(minutes=1), bus=world.add_bus("FB-3", world.layout))
    fourth = world.add_schedule(at=third.arrival_time + timedelta(minutes=1), bus=world.add_bus("FB-4", world.layout))
    answers = [put(client, operator, schedule, driver) for schedule in (first, second, third, fourth)]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert answers[0].json["warnings"] == []
    assert {each["code"] for each in answers[3].json["warnings"]} & {"driving_day", "rest"}
    assert {each["staff_id"] for each in answers[3].json["warnings"]} == {driver.id}


def test_the_largest_change_keeps_its_budget(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    schedule = world.add_schedule()
    crews = [
        [add_person(f"driver{one}", Role.DRIVER), *[add_person(f"a{one}x{n}", Role.ATTENDANT) for n in range(10)]]
        for one in range(2)
    ]
    put(client, operator, schedule, *crews[0])
    with statements() as sent:
        assert put(client, operator, schedule, *crews[1]).status_code == 200
    assert len(sent) <= 39, "\n".join(sent)
    with statements() as sent:
        client.get(crew_of(schedule), headers=operator)
    assert len(sent) == 2, "the token's account, and the crew"


def test_departures_without_a_driver_are_listed(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    address = "/api/v1/scheduling/schedules/uncrewed"
    crewed, attended, bare = (world.add_schedule(days=days) for days in (1, 2, 3))
    far, off, gone = world.add_schedule(days=9), world.add_schedule(days=4), world.add_schedule(at=clock.now())
    off.active = False
    world.commit()
    put(client, operator, crewed, add_person("dumi", Role.DRIVER))
    put(client, operator, attended, None, add_person("ayanda", Role.ATTENDANT))
    assert client.get(address).status_code == 401
    assert client.get(address, headers=headers_of(add_person("obed", Role.DRIVER))).status_code == 403

    def listed(query: str = "") -> list[int]:
        answer = client.get(address + query, headers=operator)
        assert answer.status_code == 200, answer.json
        return [row["schedule_id"] for row in answer.json["results"]]

    assert listed() == [attended.id, bare.id]
    assert gone.id not in listed("?from=2020-01-01&to=2020-02-01")
    day = clock.local(far.departure_time, ZONE).date().isoformat()
    assert listed(f"?from={day}&to={day}") == [far.id]
    assert listed("?page_size=1&page=2") == [bare.id]
    assert client.get(f"{address}?page_size=1", headers=operator).json["next"].endswith("page_size=1&page=2")
    rows = client.get(f"{address}?fields=route,departure_time", headers=operator).json["results"]
    assert rows[0] == {"route": "A - D", "departure_time": clock.local(attended.departure_time, ZONE).isoformat()}
    assert client.get(f"{address}?from={day}&to=2020-01-01", headers=operator).status_code == 422
    with statements() as sent:
        listed()
    assert len(sent) == 2, "the token's account, and the list"


def test_a_departure_off_sale_needs_a_driver_once_it_is_sold(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    schedule = world.add_schedule(days=1)
    assert pay(client, hold(client, schedule.id)).status_code == 201
    database.session.execute(text("UPDATE schedules SET active = false"))
    database.session.commit()
    rows = client.get("/api/v1/scheduling/schedules/uncrewed", headers=operator).json["results"]
    assert [row["schedule_id"] for row in rows] == [schedule.id]


def test_a_departure_off_sale_that_is_only_held_needs_no_driver(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    hold(client, world.add_schedule(days=1).id)
    database.session.execute(text("UPDATE schedules SET active = false"))
    database.session.commit()
    assert client.get("/api/v1/scheduling/schedules/uncrewed", headers=operator).json["results"] == []
