"""Timetables over HTTP: what a change does to departures to come."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.timetable.models import Schedule
from tests.accounts.signing import signed_in
from tests.calls import hold
from tests.network.calls import pointers
from tests.timetable.editing import EVERY_DAY, STOPS, body, day, days_of, departures, effect, make
from tests.world import ZONE, World


@pytest.fixture
def operator(database: SQLAlchemy) -> dict[str, str]:
    """The headers of an operator."""
    return signed_in(Role.OPERATOR)


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


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"bus_id": 999}, ["/bus_id"]),
        ({"valid_until": "2020-01-01"}, ["/valid_until"]),
        ({"stops": STOPS[:2]}, ["/stops"]),
        ({"days": None, "active": None}, ["/days", "/active"]),
        ({"route_id": 2}, ["/route_id"]),
    ],
)
def test_a_change_that_will_not_do_changes_nothing(
    world: World,
    client: FlaskClient,
    operator: dict[str, str],
    database: SQLAlchemy,
    changes: dict[str, Any],
    faults: list[str],
) -> None:
    made = make(client, operator, world)
    address = f"/api/v1/timetables/{made['id']}"
    assert pointers(client.patch(address, json=changes, headers=operator)) == faults
    kept = {name: value for name, value in made.items() if name != "schedules"}
    assert client.get(address, headers=operator).json == kept
    assert len(departures(database, made["id"])) == 7


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
