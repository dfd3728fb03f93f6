"""A till of two providers, and what tests of attempts to pay do and look at."""

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.checkout import sweeping
from falconbus.payments import service as payments
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from tests.accounts.signing import signed_in
from tests.calls import bearer
from tests.checkout.till import Killed, Till, tills


@pytest.fixture
def till(database: SQLAlchemy) -> Iterator[Till]:
    """The sandbox's place; `other` is beside it."""
    with tills() as (own, _):
        yield own


@pytest.fixture
def other(till: Till, database: SQLAlchemy) -> Till:
    return payments.get_provider("other")  # type: ignore[return-value]


@pytest.fixture
def agent(database: SQLAlchemy) -> dict[str, str]:
    """The headers of an agent at the counter."""
    return signed_in(Role.AGENT)


def pay(client: FlaskClient, held: dict[str, Any], provider: str = "sandbox", token: str = "ok", **headers: str) -> Any:
    return client.post(
        f"/api/v1/bookings/{held['reference']}/payments",
        json={"provider": provider, "token": token},
        headers={**bearer(held["manage_token"]), **headers},
    )


def pay_cash(client: FlaskClient, held: dict[str, Any], agent: dict[str, str]) -> Any:
    address = f"/api/v1/bookings/{held['reference']}/payments"
    return client.post(address, json={"provider": "counter", "token": "cash"}, headers=agent)


def cancel(client: FlaskClient, held: dict[str, Any], body: Any = None) -> Any:
    address = f"/api/v1/bookings/{held['reference']}/cancel"
    return client.post(address, json=body or {}, headers=bearer(held["manage_token"]))


def show(client: FlaskClient, held: dict[str, Any]) -> Any:
    return client.get(f"/api/v1/bookings/{held['reference']}", headers=bearer(held["manage_token"])).json


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def run(database: SQLAlchemy, statement: str, **values: Any) -> None:
    database.session.rollback()
    database.session.execute(text(statement), values)
    database.session.commit()


def column(database: SQLAlchemy, query: str) -> list[Any]:
    database.session.rollback()
    return list(database.session.execute(text(query)).scalars())


def statuses(database: SQLAlchemy) -> list[str]:
    return column(database, "SELECT status FROM payments ORDER BY id")


def owed(database: SQLAlchemy) -> list[tuple[str, int]]:
    """What goes back, and why."""
    database.session.rollback()
    rows = database.session.execute(text("SELECT reason, amount FROM refunds ORDER BY id")).all()
    return [(row[0], row[1]) for row in rows]


def mails(database: SQLAlchemy) -> list[str]:
    return column(database, "SELECT substr(kind, 9) FROM mails WHERE kind LIKE 'booking.%' ORDER BY id")


def tell(client: FlaskClient, till: Till, key: str, status: str, amount: int | None, currency: str = "ZAR") -> int:
    """Have the provider tell by webhook; the answer's status."""
    # No Outcome, which refuses what cannot be: a stranger may write anything into a webhook.
    told: Any = SimpleNamespace(status=status, reference="sandbox", amount=amount, currency=currency)
    body, headers = till.webhook(key, told)
    return client.post("/api/v1/payments/webhooks/sandbox", headers=headers, data=body).status_code


def reconcile_later(minutes: float) -> None:
    with time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=False):
        transactions.run(sweeping.reconcile_payments)


def kill() -> None:
    raise Killed
