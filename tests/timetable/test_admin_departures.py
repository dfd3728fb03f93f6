"""Single departures over HTTP, for the staff."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from falconbus.accounts.models import Role
from falconbus.network.models import Bus
from falconbus.platform.kit import clock
from falconbus.timetable import service
from falconbus.timetable.models import Schedule
from tests.accounts.signing import signed_in
from tests.calls import hold
from tests.counting import statements
from tests.network.calls import pointers
from tests.world import ZONE, World


@pytest.fixture
def operator(database: SQLAlchemy) -> dict[str, str]:
    """The headers of an operator."""
    return signed_in(Role.OPERATOR)


@pytest.fixture
def other_bus(world: World) -> Bus:
    """A bus with the same seats as the world's."""
    bus = world.add_bus("FB-2", world.layout)
    world.commit()
    return bus


def day(ahead: int) -> date:
    return clock.today(ZONE) + timedelta(days=ahead)


def extra(world: World, bus: Bus, ahead: int = 7, **changes: Any) -> dict[str, Any]:
    return {"timetable_id": world.timetable.id, "bus_id": bus.id, "date": day(ahead).isoformat(), **changes}


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def test_departures_are_listed_with_the_seats_taken(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    schedule = world.add_schedule(days=2)
    world.add_schedule(days=10)
    hold(client, schedule.id, "A", "B", seats=["5", "6"], fare_class="standard", passengers=2)
    hold(client, schedule.id, "B", "D", seats=["5"], fare_class="standard")
    hold(client, schedule.id, seats=["8"], fare_class="standard")
    expire = "UPDATE seat_claims SET held_until = now() - interval '1 minute' WHERE seat_number = '8'"
    database.session.execute(text(expire))
    database.session.commit()
    hold(client, world.other_schedule.id, "X", "Y")
    answer = client.get(f"/api/v1/routes/{world.route.id}/schedules", headers=operator).json
    assert answer["results"] == [
        {
            "id": schedule.id,
            "timetable_id": world.timetable.id,
            "departure_time": f"{day(2)}T08:00:00+02:00",
            "arrival_time": f"{day(2)}T11:00:00+02:00",
            "bus_number": "FB-1",
            "seats": 12,
            "taken": 2,
            "active": True,
            "cancelled_at": None,
            "cancellation_reason": None,
        }
    ]


def test_dates_are_those_at_the_origin_and_both_are_included(
    world: World, client: FlaskClient, operator: dict[str, str]
) -> None:
    begin, _ = clock.day_bounds(day(3), ZONE)
    _, end = clock.day_bounds(day(4), ZONE)
    seconds = timedelta(seconds=1)
    ids = [world.add_schedule(at=at).id for at in (begin - seconds, begin, end - seconds, end)]
    address = f"/api/v1/routes/{world.route.id}/schedules?from={day(3)}"
    two = client.get(f"{address}&to={day(4)}", headers=operator).json["results"]
    assert [row["id"] for row in two] == ids[1:3]
    assert len(client.get(address, headers=operator).json["results"]) == 3


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("from=tomorrow", "from"),
        ("from=2026-02-30", "from"),
        ("to=9999-12-31", "to"),
        ("from=2030-01-02&to=2030-01-01", "to"),
        ("from=2030-01-01&to=2031-01-01", "to"),
        ("page_size=1000", "page_size"),
    ],
)
def test_a_period_that_will_not_do_is_named(
    world: World, client: FlaskClient, operator: dict[str, str], query: str, parameter: str
) -> None:
    assert pointers(client.get(f"/api/v1/routes/1/schedules?{query}", headers=operator)) == [parameter]


def test_a_long_list_takes_as_many_statements_as_a_short_one(
    world: World, client: FlaskClient, operator: dict[str, str]
) -> None:
    address = f"/api/v1/routes/{world.route.id}/schedules?from={day(1)}&to={day(91)}&page_size=100"
    world.add_schedule(days=1)
    with statements() as for_one:
        assert len(client.get(address, headers=operator).json["results"]) == 1
    for ahead in range(2, 92):
        world.add_schedule(days=ahead)
        world.add_schedule(days=ahead, at=clock.service_instant(day(ahead), 600, ZONE))
    with statements() as for_many:
        assert len(client.get(address, headers=operator).json["results"]) == 100
    assert len(for_one) == len(for_many) == 3, for_many


def test_an_extra_coach_is_put_on_once(
    world: World, other_bus: Bus, client: FlaskClient, operator: dict[str, str]
) -> None:
    world.add_schedule(days=7)
    made = client.post("/api/v1/schedules", json=extra(world, other_bus), headers=operator)
    assert made.status_code == 201
    assert made.json["departure_time"] == f"{day(7)}T08:00:00+02:00"
    assert (made.json["bus_number"], made.json["seats"], made.json["taken"]) == ("FB-2", 12, 0)
    again = client.post("/api/v1/schedules", json=extra(world, other_bus), headers=operator)
    assert refused(again) == (409, "schedule_exists")
    listed = client.get(f"/api/v1/routes/{world.route.id}/schedules?from={day(7)}", headers=operator).json["results"]
    assert [row["bus_number"] for row in listed] == ["FB-1", "FB-2"]


def test_an_extra_coach_beyond_the_horizon_does_not_replace_the_regular_one(
    world: World, other_bus: Bus, client: FlaskClient, operator: dict[str, str]
) -> None:
    client.post("/api/v1/schedules", json=extra(world, other_bus, 200), headers=operator)
    listed = client.get(f"/api/v1/routes/{world.route.id}/schedules?from={day(200)}", headers=operator).json["results"]
    assert [row["bus_number"] for row in listed] == ["FB-1", "FB-2"]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"timetable_id": 999}, "/timetable_id"),
        ({"bus_id": 999}, "/bus_id"),
        ({"bus_id": None}, "/bus_id"),
        ({"date": "2020-01-01"}, "/date"),
        ({"date": "1.1.2030"}, "/date"),
    ],
)
def test_what_is_no_departure_is_told(
    world: World, other_bus: Bus, client: FlaskClient, operator: dict[str, str], changes: dict[str, Any], fault: str
) -> None:
    body = extra(world, other_bus, **changes)
    assert pointers(client.post("/api/v1/schedules", json=body, headers=operator)) == [fault]


def test_a_departure_goes_off_sale_and_back(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    schedule = world.add_schedule()
    address = f"/api/v1/schedules/{schedule.id}"
    assert client.patch(address, json={"active": False}, headers=operator).json["active"] is False
    assert client.patch(address, json={}, headers=operator).json["active"] is False
    assert client.patch(address, json={"active": True}, headers=operator).json["active"] is True
    assert database.session.get_one(Schedule, world.other_schedule.id).active


@pytest.mark.parametrize(
    ("seats", "held"),
    [({"standard": 1, "comfort": 4}, "6"), ({"comfort": 12}, "6"), ({"standard": 12}, "1")],
)
def test_a_bus_without_a_seat_that_is_taken_is_refused(
    world: World, client: FlaskClient, operator: dict[str, str], seats: dict[str, int], held: str
) -> None:
    schedule = world.add_schedule()
    hold(client, schedule.id, "A", "B", seats=[held], fare_class="standard" if int(held) > 4 else "comfort")
    bus = world.add_bus("FB-2", world.add_layout("other", **seats))
    world.commit()
    answer = client.patch(f"/api/v1/schedules/{schedule.id}", json={"bus_id": bus.id}, headers=operator)
    assert refused(answer) == (409, "seats_do_not_fit")
    assert (
        client.get(f"/api/v1/routes/{world.route.id}/schedules?from={day(7)}", headers=operator).json["results"][0][
            "bus_number"
        ]
        == "FB-1"
    )


def test_a_bus_with_room_for_what_is_taken_takes_over(
    world: World, client: FlaskClient, operator: dict[str, str]
) -> None:
    schedule = world.add_schedule()
    hold(client, schedule.id, "A", "B", seats=["6"], fare_class="standard")
    bus = world.add_bus("FB-2", world.add_layout("larger", standard=40, comfort=4))
    world.commit()
    answer = client.patch(f"/api/v1/schedules/{schedule.id}", json={"bus_id": bus.id}, headers=operator).json
    assert (answer["bus_number"], answer["seats"], answer["taken"]) == ("FB-2", 44, 1)


def test_a_bus_is_not_on_one_departure_twice(
    world: World, other_bus: Bus, client: FlaskClient, operator: dict[str, str]
) -> None:
    schedule = world.add_schedule()
    world.add_schedule(bus=other_bus)
    answer = client.patch(f"/api/v1/schedules/{schedule.id}", json={"bus_id": other_bus.id}, headers=operator)
    assert refused(answer) == (409, "schedule_exists")
    unknown = client.patch(f"/api/v1/schedules/{schedule.id}", json={"bus_id": 999}, headers=operator)
    assert pointers(unknown) == ["/bus_id"]
    assert pointers(client.patch(f"/api/v1/schedules/{schedule.id}", json={"active": None}, headers=operator)) == [
        "/active"
    ]


def test_only_a_departure_that_was_never_booked_is_removed(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    booked, free = world.add_schedule(days=3), world.add_schedule(days=4)
    hold(client, booked.id)
    database.session.execute(text("DELETE FROM seat_claims"))
    database.session.commit()
    answer = client.delete(f"/api/v1/schedules/{booked.id}", headers=operator)
    assert refused(answer) == (409, "schedule_in_use")
    assert "active=false" in answer.json["detail"]
    assert client.delete(f"/api/v1/schedules/{free.id}", headers=operator).status_code == 204
    left = set(database.session.scalars(select(Schedule.id)))
    assert left == {booked.id, world.other_schedule.id}


def test_a_removed_departure_is_not_made_again(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    service.make_schedules(until_days=5, timetable_ids=[world.timetable.id])
    database.session.commit()
    third = world.day_of(database.session.scalars(select(Schedule).where(Schedule.route_id == world.route.id)).all()[2])
    address = f"/api/v1/routes/{world.route.id}/schedules"
    (row,) = client.get(f"{address}?from={third}&to={third}", headers=operator).json["results"]
    assert client.delete(f"/api/v1/schedules/{row['id']}", headers=operator).status_code == 204
    assert service.make_schedules(until_days=5, timetable_ids=[world.timetable.id]) == 0
    exceptions = client.get(f"/api/v1/timetables/{world.timetable.id}", headers=operator).json["exceptions"]
    assert exceptions == [{"day": third, "runs": False}]


def test_an_extra_coach_that_is_removed_leaves_the_regular_one(
    world: World, other_bus: Bus, client: FlaskClient, operator: dict[str, str]
) -> None:
    world.add_schedule(days=7)
    made = client.post("/api/v1/schedules", json=extra(world, other_bus), headers=operator).json
    assert client.delete(f"/api/v1/schedules/{made['id']}", headers=operator).status_code == 204
    assert client.get(f"/api/v1/timetables/{world.timetable.id}", headers=operator).json["exceptions"] == []
