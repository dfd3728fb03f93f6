"""Timetables over HTTP: what a change does to departures to come."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from falconbus.accounts.models import Role
from falconbus.kit import clock
from falconbus.timetable.models import Schedule
from tests.accounts.signing import signed_in
from tests.calls import hold
from tests.network.calls import pointers
from tests.world import ZONE, World

EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@pytest.fixture
def operator(database: SQLAlchemy) -> dict[str, str]:
    """The headers of an operator."""
    return signed_in(Role.OPERATOR)


def day(ahead: int) -> date:
    return clock.today(ZONE) + timedelta(days=ahead)


def body(world: World, **changes: Any) -> dict[str, Any]:
    """Every day for a week from tomorrow, at ten, over all four stops."""
    return {
        "route_id": world.route.id,
        "bus_id": world.bus.id,
        "departure_time": "10:00",
        "days": EVERY_DAY,
        "valid_from": day(1).isoformat(),
        "valid_until": day(7).isoformat(),
        "stops": [{"arrival": minutes, "departure": minutes + 5 if minutes else 0} for minutes in (0, 60, 120, 180)],
        **changes,
    }


def make(client: FlaskClient, operator: dict[str, str], world: World, **changes: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/timetables", json=body(world, **changes), headers=operator)
    assert answer.status_code == 201, answer.json
    made: dict[str, Any] = answer.json or {}
    return made


def departures(database: SQLAlchemy, timetable_id: int) -> list[Schedule]:
    database.session.rollback()
    database.session.expire_all()
    statement = select(Schedule).where(Schedule.timetable_id == timetable_id).order_by(Schedule.departure_time)
    return list(database.session.scalars(statement))


def days_of(schedules: list[Schedule]) -> list[date]:
    return [clock.local(schedule.departure_time, ZONE).date() for schedule in schedules]


def effect(**numbers: int) -> dict[str, int]:
    return {"made": 0, "removed": 0, "stopped": 0, "resumed": 0, "kept_bus": 0, **numbers}


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


STOPS = [{"arrival": minutes, "departure": minutes} for minutes in (0, 60, 120, 180)]


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


def test_days_that_are_lost_go_unless_they_are_booked(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    made = make(client, operator, world)
    others = world.add_schedule(days=6)
    booked = departures(database, made["id"])[5]
    hold(client, booked.id)
    answer = client.patch(
        f"/api/v1/timetables/{made['id']}", json={"valid_until": day(4).isoformat()}, headers=operator
    ).json
    assert answer["schedules"] == effect(removed=2, stopped=1)
    left = departures(database, made["id"])
    assert [(on, row.active) for on, row in zip(days_of(left), left, strict=True)] == [
        (day(1), True),
        (day(2), True),
        (day(3), True),
        (day(4), True),
        (day(6), False),
    ]
    assert database.session.get_one(Schedule, others.id).active


def test_days_that_are_regained_are_on_sale_again(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    made = make(client, operator, world)
    address = f"/api/v1/timetables/{made['id']}"
    hold(client, departures(database, made["id"])[5].id)
    client.patch(address, json={"valid_until": day(4).isoformat()}, headers=operator)
    answer = client.patch(address, json={"valid_until": day(8).isoformat()}, headers=operator).json
    assert answer["schedules"] == effect(made=3, resumed=1)
    left = departures(database, made["id"])
    assert days_of(left) == [day(ahead) for ahead in range(1, 9)]
    assert all(row.active for row in left)


def test_a_departure_taken_off_sale_by_hand_stays_off_sale(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    made = make(client, operator, world)
    third = departures(database, made["id"])[2]
    client.patch(f"/api/v1/schedules/{third.id}", json={"active": False}, headers=operator)
    client.patch(
        f"/api/v1/timetables/{made['id']}", json={"valid_until": day(9).isoformat(), "name": "New"}, headers=operator
    )
    assert [row.active for row in departures(database, made["id"])] == [True, True, False, *[True] * 6]


def test_a_day_put_on_by_hand_outlives_a_change_of_days(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    made = make(client, operator, world)
    extra = {"timetable_id": made["id"], "bus_id": world.bus.id, "date": day(30).isoformat()}
    assert client.post("/api/v1/schedules", json=extra, headers=operator).status_code == 201
    client.patch(f"/api/v1/timetables/{made['id']}", json={"days": []}, headers=operator)
    assert days_of(departures(database, made["id"])) == [day(30)]


def test_a_retired_timetable_sells_nothing_more(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    made = make(client, operator, world)
    booked = departures(database, made["id"])[0]
    hold(client, booked.id)
    answer = client.delete(f"/api/v1/timetables/{made['id']}", headers=operator)
    assert answer.status_code == 200
    assert (answer.json["active"], answer.json["schedules"]) == (False, effect(removed=6, stopped=1))
    assert [(row.id, row.active) for row in departures(database, made["id"])] == [(booked.id, False)]
    assert world.other_schedule.active
    extra = {"timetable_id": made["id"], "bus_id": world.bus.id, "date": day(3).isoformat()}
    refused = client.post("/api/v1/schedules", json=extra, headers=operator)
    assert (refused.status_code, refused.json["code"]) == (409, "timetable_retired")
    again = client.patch(f"/api/v1/timetables/{made['id']}", json={"active": True}, headers=operator).json
    assert again["schedules"] == effect(made=6, resumed=1)


def test_other_times_move_departures_that_nobody_booked(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    made = make(client, operator, world)
    second = departures(database, made["id"])[1]
    client.patch(f"/api/v1/schedules/{second.id}", json={"active": False}, headers=operator)
    stops = [{"arrival": minutes, "departure": minutes} for minutes in (0, 50, 100, 150)]
    # A day later by the clock: each departure takes the place of the next.
    changes = {"departure_time": "34:00", "stops": stops}
    answer = client.patch(f"/api/v1/timetables/{made['id']}", json=changes, headers=operator)
    assert answer.status_code == 200, answer.json
    assert (answer.json["departure_time"], answer.json["stops"][3]["arrival"]) == ("34:00", 150)
    left = departures(database, made["id"])
    assert days_of(left) == [day(ahead) for ahead in range(2, 9)]
    assert [row.active for row in left] == [True, False, True, True, True, True, True]
    assert {row.arrival_time - row.departure_time for row in left} == {timedelta(minutes=150)}


@pytest.mark.parametrize("changes", [{"departure_time": "11:00"}, {"stops": STOPS}, {"time_zone": "Europe/London"}])
def test_times_that_are_booked_do_not_change(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy, changes: dict[str, Any]
) -> None:
    made = make(client, operator, world)
    hold(client, departures(database, made["id"])[3].id)
    answer = client.patch(f"/api/v1/timetables/{made['id']}", json=changes, headers=operator)
    assert (answer.status_code, answer.json["code"]) == (409, "timetable_in_use")
    assert "valid_until" in answer.json["detail"]
    assert len(departures(database, made["id"])) == 7
    same = {"departure_time": "10:00", "stops": body(world)["stops"], "time_zone": ZONE}
    assert client.patch(f"/api/v1/timetables/{made['id']}", json=same, headers=operator).status_code == 200


def test_another_bus_takes_over_where_the_seats_that_are_taken_fit(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    made = make(client, operator, world)
    smaller = world.add_bus("FB-2", world.add_layout("smaller", standard=2, comfort=4))
    world.commit()
    schedules = departures(database, made["id"])
    hold(client, schedules[0].id, seats=["6"], fare_class="standard")
    hold(client, schedules[1].id, seats=["7"], fare_class="standard")
    hold(client, schedules[2].id, seats=["1"], fare_class="comfort")
    answer = client.patch(f"/api/v1/timetables/{made['id']}", json={"bus_id": smaller.id}, headers=operator).json
    assert (answer["bus_number"], answer["schedules"]) == ("FB-2", effect(kept_bus=1))
    buses = [(row.bus_id, row.seats) for row in departures(database, made["id"])]
    assert buses == [(smaller.id, 6), (world.bus.id, 12), *[(smaller.id, 6)] * 5]


def test_a_calendar_that_others_share_is_left_to_them(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    twin = world.add_timetable(world.route, departure_minutes=900, calendar_id=world.timetable.calendar_id)
    world.commit()
    answer = client.patch(f"/api/v1/timetables/{twin.id}", json={"days": ["sun"]}, headers=operator)
    assert answer.json["days"] == ["sun"]
    other = client.get(f"/api/v1/timetables/{world.timetable.id}", headers=operator).json
    assert other["days"] == EVERY_DAY


def test_the_audit_log_tells_what_was_changed(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    made = make(client, operator, world)
    exceptions = [{"day": day(2).isoformat(), "runs": False}]
    client.patch(f"/api/v1/timetables/{made['id']}", json={"exceptions": exceptions}, headers=operator)
    client.delete(f"/api/v1/timetables/{made['id']}", headers=operator)
    rows = database.session.execute(text("SELECT * FROM audit_log ORDER BY id")).all()
    assert [(row.action, row.subject) for row in rows] == [("create", "timetables"), *[("change", "timetables")] * 2]
    assert rows[1].details["changes"] == {"exceptions": {day(2).isoformat(): False}}
    assert rows[1].details["effect"]["removed"] == 1


def test_a_booking_that_is_being_made_keeps_its_departure(
    world: World, client: FlaskClient, operator: dict[str, str], database: SQLAlchemy
) -> None:
    made = make(client, operator, world)
    last = departures(database, made["id"])[6]
    held = hold(client, world.add_schedule(days=30).id, "A", "B")
    address = f"/api/v1/timetables/{made['id']}"
    with ThreadPoolExecutor(1) as pool, database.engine.connect() as booking:
        claim = "INSERT INTO seat_claims SELECT :schedule, 0, '9', id, NULL FROM bookings WHERE reference = :reference"
        booking.execute(text(claim), {"schedule": last.id, "reference": held["reference"]})
        change = pool.submit(client.patch, address, json={"valid_until": day(5).isoformat()}, headers=operator)
        with pytest.raises(TimeoutError):
            change.result(timeout=0.5)
        booking.commit()
        answer = change.result(timeout=10)
    assert answer.json["schedules"] == effect(removed=1, stopped=1)
    assert [row.id for row in departures(database, made["id"])][-1] == last.id
