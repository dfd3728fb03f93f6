"""One coach with bookings of all kinds on it, and what tests ask of it."""

from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.checkout import refunding, sweeping
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from falconbus.platform.mailing import service as mailing
from falconbus.timetable.models import Schedule
from tests.calls import bearer, booking_body, hold, pay
from tests.world import World

REASON = "A bridge on the N3 is closed"


def withdraw(
    client: FlaskClient,
    headers: dict[str, str],
    schedule: Schedule | int,
    *,
    preview: bool = False,
    reason: str = REASON,
) -> Any:
    """The answer to cancelling a departure."""
    schedule_id = schedule if isinstance(schedule, int) else schedule.id
    address = f"/api/v1/schedules/{schedule_id}/cancel{'?preview=1' if preview else ''}"
    return client.post(address, json={"reason": reason}, headers=headers)


def value(database: SQLAlchemy, query: str, **parameters: Any) -> Any:
    """One value from the database as it is now."""
    database.session.rollback()
    return database.session.execute(text(query), parameters).scalar_one()


def lines(database: SQLAlchemy, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
    database.session.rollback()
    return [tuple(row) for row in database.session.execute(text(query), parameters)]


def sold(client: FlaskClient, schedule_id: int, *stops: str, **changes: Any) -> dict[str, Any]:
    """A confirmed booking."""
    held = hold(client, schedule_id, *stops, **changes)
    assert pay(client, held).status_code == 201
    return held


def sold_return(client: FlaskClient, out: int, home: int, **changes: Any) -> dict[str, Any]:
    """A confirmed booking out and back again."""
    body = booking_body(out, **changes)
    body["journeys"].append({"schedule_id": home, "origin": "D", "destination": "A"})
    held: dict[str, Any] = client.post("/api/v1/bookings", json=body).json or {}
    assert pay(client, held).status_code == 201
    return held


def family(adults: int, children: int) -> list[dict[str, str]]:
    return [
        {"name": f"Somebody {number}", "type": "adult" if number < adults else "child"}
        for number in range(adults + children)
    ]


def shown(client: FlaskClient, held: dict[str, Any]) -> dict[str, Any]:
    address = f"/api/v1/bookings/{held['reference']}"
    answer: dict[str, Any] = client.get(address, headers=bearer(held["manage_token"])).json or {}
    return answer


def expired(client: FlaskClient, database: SQLAlchemy, schedule_id: int) -> dict[str, Any]:
    """A hold that has run out while its payment is under way."""
    held = hold(client, schedule_id)
    held["payment_id"] = pay(client, held, "slow").json["payment_id"]
    past = {"past": clock.now() - timedelta(seconds=1), "r": held["reference"]}
    database.session.execute(text("UPDATE bookings SET expires_at = :past WHERE reference = :r"), past)
    database.session.commit()
    transactions.run(sweeping.expire_holds)
    return held


def big_coach(world: World, *, seats: int = 60) -> Schedule:
    bus = world.add_bus("BIG-1", world.add_layout("big", standard=seats))
    world.commit()
    return world.add_schedule(bus=bus)


def mails_to(database: SQLAlchemy, held: dict[str, Any]) -> list[str]:
    """The kinds of what a booking was told, in order."""
    return [
        kind
        for (kind,) in lines(
            database,
            "SELECT m.kind FROM mails m"
            " LEFT JOIN departure_notices n ON n.id = m.subject_id AND m.kind LIKE 'departure.%'"
            " JOIN bookings b ON b.id = CASE WHEN m.kind LIKE 'departure.%' THEN n.booking_id ELSE m.subject_id END"
            " WHERE b.reference = :r ORDER BY m.id",
            r=held["reference"],
        )
    ]


def run_jobs(database: SQLAlchemy, job: str) -> None:
    """What the workers do with a job's rows."""
    for outbox_id, arguments in lines(
        database, "SELECT id, arguments FROM outbox WHERE job = :job AND done_at IS NULL ORDER BY id", job=job
    ):
        if job == "checkout.refund":
            work = lambda: refunding.pay_refund(arguments["refund_id"], outbox_id)  # noqa: B023, E731
        else:
            work = lambda: mailing.send(outbox_id=outbox_id, **arguments)  # noqa: B023, E731
        transactions.run(work)
