"""Budgets of statements: the same for one row and for a hundred. A failure shows the SQL."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts import service as accounts
from falconbus.accounts.models import Role
from tests.calls import bearer, booking_body, hold
from tests.counting import statements
from tests.world import World


def count(client: FlaskClient, address: str, headers: dict[str, str] | None = None) -> tuple[list[str], int]:
    """The statements of a call, and how many rows it answered."""
    with statements() as sent:
        answer = client.get(address, headers=headers or {})
    assert answer.status_code == 200, answer.json
    return sent, len(answer.json["results"])


def staff(database: SQLAlchemy) -> dict[str, str]:
    accounts.create_user("staff@example.com", "a password of staff", [Role.ADMIN], "Staff")
    token = accounts.sign_in("staff@example.com", "a password of staff")
    database.session.commit()
    return bearer(token.token)


def fill(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    """A hundred of everything that lists show, for the account of the staff."""
    layout = world.add_layout("large", standard=120)
    for number in range(100):
        world.add_route(f"R{number}", f"S{number}")
        world.add_schedule(bus=world.add_bus(f"BIG-{number}", layout))
    schedule = world.add_schedule(days=8, bus=world.add_bus("BIG", layout))
    for _ in range(100):
        hold(client, schedule.id, "A", "B", fare_class="standard")
    database.session.execute(text("UPDATE bookings SET user_id = (SELECT max(id) FROM users)"))
    database.session.commit()


# Address -> statements of the view itself; knowing who calls may add one.
LISTS = {
    "/api/v1/stops?page_size=100": 1,
    "/api/v1/routes?page_size=100": 1,
    "/api/v1/schedules?origin=A&destination=D&page_size=100&date={day}": 2,
    "/api/v1/bookings?page_size=100": 1,
    "/api/v1/me/bookings?page_size=100": 1,
    "/api/v1/buses?page_size=100": 1,
}


@pytest.mark.parametrize("address", LISTS)
def test_a_list_costs_the_same_for_one_row_and_for_a_hundred(
    address: str, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    headers = staff(database)
    schedule = world.add_schedule()
    hold(client, schedule.id)
    database.session.execute(text("UPDATE bookings SET user_id = (SELECT max(id) FROM users)"))
    database.session.commit()
    address = address.format(day=world.day_of(schedule))
    few, few_rows = count(client, address, headers)
    fill(world, client, database)
    many, many_rows = count(client, address, headers)
    assert 1 <= few_rows <= 10
    assert many_rows == 100
    allowed = LISTS[address.replace(world.day_of(schedule), "{day}")] + 1
    assert len(few) <= allowed, "\n".join(few)
    assert len(many) <= allowed, "\n".join(many)


@pytest.mark.parametrize(("passengers", "journeys"), [(1, 1), (9, 1), (9, 6)])
def test_a_hold_costs_six_statements_however_large(
    passengers: int, journeys: int, world: World, client: FlaskClient
) -> None:
    layout = world.add_layout("large", standard=120)
    body: dict[str, Any] = {}
    for number in range(journeys):
        schedule = world.add_schedule(days=5 + number, bus=world.add_bus(f"BIG-{number}", layout))
        one = booking_body(schedule.id, passengers=passengers)
        body = {**one, "journeys": [*body.get("journeys", []), *one["journeys"]]}
    with statements() as sent:
        answer = client.post("/api/v1/bookings", json=body, headers={"Idempotency-Key": "sixteen characters"})
    assert answer.status_code == 201
    assert len(sent) <= 6, "\n".join(sent)
