"""A return trip, and what is known of it in the database."""

from typing import Any

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from tests.calls import bearer, pay
from tests.world import World


def held_return(world: World, client: FlaskClient, *types: str) -> dict[str, Any]:
    """A held trip from A to D in a week and back two days later, for an adult or passengers of these types."""
    there = world.add_schedule(days=7)
    back = world.add_schedule(world.add_timetable(world.add_route("D", "A")), days=9)
    journeys = [
        {"schedule_id": there.id, "origin": "A", "destination": "D"},
        {"schedule_id": back.id, "origin": "D", "destination": "A"},
    ]
    names = [{"name": f"Thandi {number}", "type": kind} for number, kind in enumerate(types or ("adult",), 1)]
    body = {"journeys": journeys, "passengers": names, "contact": {"email": "thandi@example.com"}}
    answer = client.post("/api/v1/bookings", json=body)
    assert answer.status_code == 201, answer.json
    made: dict[str, Any] = answer.json or {}
    return made


def paid_return(world: World, client: FlaskClient, *types: str) -> dict[str, Any]:
    held = held_return(world, client, *types)
    assert pay(client, held).status_code == 201
    return held


def cancel(client: FlaskClient, held: dict[str, Any], body: Any = None, *, quote: bool = False) -> Any:
    """The answer to cancelling, or to asking what it would come to; without a body none is sent."""
    address = f"/api/v1/bookings/{held['reference']}/cancel{'?quote=1' if quote else ''}"
    return client.post(address, headers=bearer(held["manage_token"]), **({} if body is None else {"json": body}))


def tickets(shown: dict[str, Any]) -> list[list[str]]:
    """The states of the tickets, by journey."""
    return [[ticket["status"] for ticket in journey["tickets"]] for journey in shown["journeys"]]


def claimed(database: SQLAlchemy, held: dict[str, Any]) -> list[tuple[int, str, int]]:
    """The seats that the booking has: schedule, seat, number of legs."""
    database.session.rollback()
    claims = """
        SELECT c.schedule_id, c.seat_number, count(*) FROM seat_claims c JOIN bookings b ON b.id = c.booking_id
        WHERE b.reference = :reference GROUP BY 1, 2 ORDER BY 1, 2
    """
    rows = database.session.execute(text(claims), {"reference": held["reference"]})
    return [(row[0], row[1], row[2]) for row in rows]


def refunds(database: SQLAlchemy) -> list[int]:
    database.session.rollback()
    return list(database.session.execute(text("SELECT amount FROM refunds ORDER BY id")).scalars())
