"""What tests of refunds do: owe one, let workers and beat do their work, look what became of it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.checkout import refunding, sweeping
from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from tests.accounts.signing import add_user, token_for
from tests.calls import bearer, hold, pay
from tests.world import World


def cancelled(client: FlaskClient, world: World, token: str = "ok") -> str:
    """The reference of a paid booking that was cancelled: 270.00 of its 300.00 go back. Another one stays as it is."""
    other = world.add_schedule(days=4)
    assert pay(client, hold(client, other.id)).status_code == 201
    held = hold(client, world.add_schedule().id)
    paid = pay(client, held, token)
    if paid.status_code == 202:
        with time_machine.travel(clock.now() + timedelta(minutes=2), tick=False):
            assert transactions.run(sweeping.reconcile_payments) == 1
    assert cancel(client, held)["status"] == "cancelled"
    return str(held["reference"])


def cancel(client: FlaskClient, held: dict[str, Any]) -> Any:
    return client.post(
        f"/api/v1/bookings/{held['reference']}/cancel", json={}, headers=bearer(held["manage_token"])
    ).json


def work(database: SQLAlchemy) -> int:
    """Do the refund jobs that are due, as relay and worker do; their number."""
    database.session.rollback()
    due = database.session.execute(
        text(
            "SELECT id, arguments FROM outbox WHERE job = 'checkout.refund' AND done_at IS NULL"
            " AND failed_at IS NULL AND run_after <= :now"
        ),
        {"now": clock.now()},
    ).all()
    database.session.rollback()
    for row in due:
        assert transactions.run(lambda row=row: jobs.begin(row.id))  # type: ignore[misc]
        transactions.run(lambda row=row: refunding.pay_refund(row.arguments["refund_id"], row.id))  # type: ignore[misc]
    return len(due)


def pass_time(database: SQLAlchemy, until: datetime, step: timedelta) -> None:
    """Let relay, workers and beat do their work until then."""
    now = clock.now()
    while now < until:
        now += step
        with time_machine.travel(now, tick=False):
            transactions.run(sweeping.reconcile_refunds)
            work(database)


def state(database: SQLAlchemy, reference: str) -> tuple[str, str, int]:
    """The refund's status, its booking's, and what the sandbox's books say went back."""
    database.session.rollback()
    found = database.session.execute(
        text(
            "SELECT refunds.status, bookings.status, sandbox_charges.refunded FROM bookings"
            " JOIN payments ON payments.booking_id = bookings.id JOIN refunds ON refunds.payment_id = payments.id"
            " JOIN sandbox_charges ON sandbox_charges.key = payments.key WHERE reference = :r"
        ),
        {"r": reference},
    ).one()
    return found[0], found[1], found[2]


def listed(client: FlaskClient, status: str) -> list[str]:
    """The bookings whose refunds staff see under a status."""
    rows = client.get(f"/api/v1/refunds?status={status}", headers=agent()).json["results"]
    return [row["booking"] for row in rows]


def handle(client: FlaskClient, number: int, action: str, note: str = "as told", **headers: str) -> Any:
    """The answer to an agent who has a refund's provider asked anew (`retry`), or has paid it out (`pay-out`)."""
    return client.post(f"/api/v1/refunds/{number}/{action}", json={"note": note}, headers={**agent(), **headers})


def agent() -> dict[str, str]:
    """The headers of an agent, a new one each time."""
    return bearer(token_for(add_user(f"{uuid4().hex}@falconbus.example", Role.AGENT)))


def refund_id(database: SQLAlchemy) -> int:
    database.session.rollback()
    return int(database.session.execute(text("SELECT id FROM refunds")).scalar_one())
