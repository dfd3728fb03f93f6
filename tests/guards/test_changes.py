"""The dearest calls that change something: each within its view's budget of statements, however much it touches.

What they send is counted, and held against the budget, by tests/conftest.py.
"""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role
from falconbus.platform.kit import clock
from tests.accounts.signing import signed_in
from tests.calls import booking_body, hold
from tests.timetable.editing import EVERY_DAY, body, day, effect, make
from tests.world import World


@pytest.fixture
def admin(database: SQLAlchemy) -> dict[str, str]:
    return signed_in(Role.ADMIN)


def send(client: FlaskClient, verb: str, address: str, headers: dict[str, str], content: Any = None) -> Any:
    """What a call answers that bears all that costs statements: an account and a key of its own."""
    key = {"Idempotency-Key": f"{verb} {address} by one caller"}
    answer = client.open(f"/api/v1{address}", method=verb, json=content, headers={**headers, **key})
    assert answer.status_code in {200, 201, 204}, answer.json
    return answer.json if answer.data else None


def hundred(world: World) -> list[str]:
    codes = [f"S{number}" for number in range(100)]
    for code in codes:
        world.add_stop(code)
    world.commit()
    return codes


def test_a_route_of_a_hundred_stops_is_made_and_changed(
    world: World, client: FlaskClient, admin: dict[str, str]
) -> None:
    stops = [{"code": code, "kilometres": at * 10} for at, code in enumerate(hundred(world))]
    given = {"name": "Long", "stops": stops, "base_price": "100", "currency": "ZAR", "duration_minutes": 60}
    made = send(client, "POST", "/routes", admin, given)
    fares = [{"origin": stop["code"], "destination": "S99", "price": "50"} for stop in stops[:99]]
    assert len(send(client, "PUT", f"/routes/{made['id']}/fares", admin, {"fares": fares})["fares"]) == 99
    change = {**given, "name": "Longer", "stops": stops[:-1], "currency": "USD", "active": False}
    assert len(send(client, "PATCH", f"/routes/{made['id']}", admin, change)["stops"]) == 99
    assert len(send(client, "GET", f"/routes/{made['id']}", admin)["stops"]) == 99
    send(client, "DELETE", f"/routes/{made['id']}", admin)


def test_a_layout_of_a_hundred_seats_is_made(world: World, client: FlaskClient, admin: dict[str, str]) -> None:
    seats = [
        {"number": str(number), "row": number // 4 + 1, "column": number % 4 + 1, "fare_class": "standard"}
        for number in range(100)
    ]
    made = send(client, "POST", "/seat-layouts", admin, {"code": "long", "name": "Long", "seats": seats})
    assert len(made["seats"]) == 100


def test_a_timetable_of_two_months_changes_all_its_departures(
    world: World, client: FlaskClient, admin: dict[str, str]
) -> None:
    other_bus = world.add_bus("FB-2", world.layout)
    world.commit()
    exceptions = [{"day": day(ahead).isoformat(), "runs": False} for ahead in (2, 4)]
    made = make(client, admin, world, valid_until=day(60).isoformat(), exceptions=exceptions)
    address = f"/timetables/{made['id']}"
    change = {
        "bus_id": other_bus.id,
        "name": "Later",
        "departure_time": "11:00",
        "days": EVERY_DAY[:6],
        "exceptions": exceptions[:1],
        "valid_until": day(50).isoformat(),
        "stops": body(world)["stops"],
    }
    send(client, "PATCH", address, admin, change)
    send(client, "DELETE", address, admin)


def test_booked_departures_of_a_timetable_change_bus_and_days(
    world: World, client: FlaskClient, admin: dict[str, str], database: SQLAlchemy
) -> None:
    """Sharing its calendar with another timetable, which keeps it."""
    other_bus = world.add_bus("FB-2", world.layout)
    sharing = world.add_timetable(world.route, departure_minutes=13 * 60, calendar_id=world.timetable.calendar_id)
    schedules = [world.add_schedule(sharing, days=ahead) for ahead in range(1, 31)]
    for schedule in schedules[::2]:
        hold(client, schedule.id)
    change = {"bus_id": other_bus.id, "name": "x", "days": ["mon", "wed"], "valid_until": day(99).isoformat()}
    exceptions = [{"day": day(ahead).isoformat(), "runs": True} for ahead in (2, 4, 5)]
    settled = send(client, "PATCH", f"/timetables/{sharing.id}", admin, {**change, "exceptions": exceptions})
    assert settled["schedules"]["stopped"] > 5
    settled = send(client, "PATCH", f"/timetables/{sharing.id}", admin, {"days": EVERY_DAY, "bus_id": world.bus.id})
    assert settled["schedules"]["resumed"] > 5
    assert send(client, "DELETE", f"/timetables/{sharing.id}", admin)["schedules"] != effect()


def test_single_departures_are_put_on_changed_and_removed(
    world: World, client: FlaskClient, admin: dict[str, str]
) -> None:
    other_bus = world.add_bus("FB-2", world.layout)
    world.add_timetable(world.route, departure_minutes=13 * 60, calendar_id=world.timetable.calendar_id)
    world.commit()
    extra = {"timetable_id": world.timetable.id, "bus_id": other_bus.id, "date": day(100).isoformat()}
    made = send(client, "POST", "/schedules", admin, extra)
    spare = world.add_bus("FB-3", world.layout)
    world.commit()
    hold(client, made["id"])
    send(client, "PATCH", f"/schedules/{made['id']}", admin, {"bus_id": spare.id, "active": False})
    alone = world.add_schedule(days=101)
    send(client, "DELETE", f"/schedules/{alone.id}", admin)


@pytest.mark.parametrize("journeys", [1, 6])
def test_a_booking_of_nine_is_held_paid_shown_and_cancelled(
    journeys: int, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    traveller = signed_in()
    layout = world.add_layout("large", standard=120)
    wanted: dict[str, Any] = {}
    for number in range(journeys):
        schedule = world.add_schedule(days=25 + number, bus=world.add_bus(f"BIG-{number}", layout))
        one = booking_body(schedule.id, passengers=9)
        wanted = {**one, "journeys": [*wanted.get("journeys", []), *one["journeys"]]}
    held = send(client, "POST", "/bookings", traveller, wanted)
    with time_machine.travel(clock.now() + timedelta(minutes=5)):
        # Late enough for the hold to be extended.
        paid = {"provider": "sandbox", "token": "ok"}
        send(client, "POST", f"/bookings/{held['reference']}/payments", traveller, paid)
    address = f"/bookings/{held['reference']}"
    for paper in ("", "/ticket.pdf", "/calendar.ics"):
        assert client.get(f"/api/v1{address}{paper}", headers=traveller).status_code == 200
    send(client, "PATCH", address, signed_in(Role.AGENT), {"email": "other@example.com", "phone": None})
    send(client, "POST", f"{address}/cancel?quote=1", traveller, {})
    cancelled = send(client, "POST", f"{address}/cancel", traveller, {})
    assert cancelled["status"] == "cancelled"
