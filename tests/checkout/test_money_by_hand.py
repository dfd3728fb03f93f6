"""What was taken by hand goes back by hand: owed for whatever reason, it stays due until somebody says it is paid."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import current_app
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.checkout import sweeping
from falconbus.checkout.jobs import REFUND
from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.integrations.payments.counter import CounterProvider
from falconbus.platform.integrations.payments.provider import Outcome
from falconbus.platform.kit import clock
from tests.calls import bearer, hold, pay
from tests.checkout.giving_back import agent, handle, listed, refund_id, work
from tests.world import World

TOKENS = ("cash", "eft:FNB 123")
#: By the reason for which money goes back: the booking's state before and after it is paid out.
REASONS = {"cancelled": ("cancelled", "refunded"), "too_late": ("expired",) * 2, "paid_twice": ("confirmed",) * 2}


class SlowAgent(CounterProvider):
    """An agent who counts the money, and meanwhile something happens."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = meanwhile

    def charge(self, key: str, amount: int, currency: str, token: str) -> Outcome:
        self._meanwhile()
        return super().charge(key, amount, currency, token)


@contextmanager
def slow_agent(meanwhile: Callable[[], None]) -> Iterator[None]:
    """Put one at the running app's counter."""
    providers = current_app.extensions["payment_providers"]
    usual = providers["counter"]
    providers["counter"] = SlowAgent(meanwhile)
    try:
        yield
    finally:
        providers["counter"] = usual


def pay_at_counter(client: FlaskClient, held: dict[str, Any], token: str) -> Any:
    address = f"/api/v1/bookings/{held['reference']}/payments"
    return client.post(address, json={"provider": "counter", "token": token}, headers=agent())


def owe(reason: str, token: str, world: World, client: FlaskClient, database: SQLAlchemy) -> str:
    """The reference of a booking for which money of the counter is owed; somebody else's stays paid beside it."""
    assert pay_at_counter(client, hold(client, world.add_schedule(days=4).id), token).status_code == 201
    schedule = world.add_schedule()
    held = hold(client, schedule.id, seats=["7"])
    if reason == "cancelled":
        assert pay_at_counter(client, held, token).status_code == 201
        assert client.post(f"/api/v1/bookings/{held['reference']}/cancel", json={}, headers=agent()).status_code == 200
        return str(held["reference"])

    def lose_the_seats() -> None:
        run(database, "DELETE FROM seat_claims WHERE booking_id = (SELECT id FROM bookings WHERE reference = :r)", held)
        run(database, "UPDATE bookings SET status = 'expired' WHERE reference = :r", held)
        hold(client, schedule.id, seats=["7"])

    def pay_by_card() -> None:
        run(database, "UPDATE payments SET status = 'failed' WHERE status = 'started'", held)
        assert pay(client, held).status_code == 201

    with slow_agent(lose_the_seats if reason == "too_late" else pay_by_card):
        paid = pay_at_counter(client, held, token)
    assert (paid.status_code, paid.json["code"]) == (
        409,
        "paid_twice" if reason == "paid_twice" else "payment_returned",
    )
    return str(held["reference"])


def run(database: SQLAlchemy, statement: str, held: dict[str, Any]) -> None:
    """Change something in a transaction of its own."""
    with database.engine.begin() as connection:
        connection.execute(text(statement).bindparams(r=held["reference"]) if ":r" in statement else text(statement))


def states(database: SQLAlchemy, reference: str) -> tuple[str, str, str, bool]:
    """The refund's state and reason, its booking's state, and whether a time is noted at which it was paid."""
    database.session.rollback()
    statement = """
        SELECT refunds.status, refunds.reason, bookings.status, refunds.settled_at IS NOT NULL FROM refunds
        JOIN payments ON payments.id = refunds.payment_id JOIN bookings ON bookings.id = payments.booking_id
        WHERE bookings.reference = :r AND payments.provider = 'counter'
    """
    found = database.session.execute(text(statement), {"r": reference}).one()
    return found[0], found[1], found[2], found[3]


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("reason", REASONS)
def test_money_of_the_counter_is_due_until_somebody_has_paid_it_out(
    reason: str, token: str, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    reference = owe(reason, token, world, client, database)
    before, after = REASONS[reason]
    assert work(database) == 0, "no job is made for it"
    for days in (0, 0, 1, 40, 40):
        with time_machine.travel(clock.now() + timedelta(days=days), tick=False):
            transactions.run(sweeping.reconcile_payments)
            assert transactions.run(sweeping.reconcile_refunds) == 0
            assert work(database) == 0
        assert states(database, reference) == ("due", reason, before, False)
    assert listed(client, "due") == [reference]
    assert handle(client, refund_id(database), "pay-out").status_code == 204
    assert states(database, reference) == ("done", reason, after, True)


@pytest.mark.parametrize("reason", REASONS)
def test_a_job_for_money_of_the_counter_ends_and_leaves_it_due(
    reason: str, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    """A release before made one for all that was due, and a job may come twice."""
    reference = owe(reason, "cash", world, client, database)
    for _ in range(2):
        jobs.enqueue(REFUND, refund_id=refund_id(database))
        database.session.commit()
        assert work(database) == 1
        assert work(database) == 0
        assert states(database, reference) == ("due", reason, REASONS[reason][0], False)
        assert transactions.run(sweeping.reconcile_refunds) == 0


def test_nobody_can_be_asked_to_give_it_back(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    reference = owe("cancelled", "cash", world, client, database)
    refused = handle(client, refund_id(database), "retry")
    assert (refused.status_code, refused.json["code"]) == (409, "paid_by_hand")
    assert states(database, reference)[0] == "due"


def test_a_traveller_cannot_say_that_it_is_paid(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = hold(client, world.add_schedule().id)
    assert pay_at_counter(client, held, "cash").status_code == 201
    client.post(f"/api/v1/bookings/{held['reference']}/cancel", json={}, headers=bearer(held["manage_token"]))
    for headers in ({}, bearer(held["manage_token"])):
        answer = client.post(f"/api/v1/refunds/{refund_id(database)}/pay-out", json={"note": "mine"}, headers=headers)
        assert answer.status_code == 401
    assert states(database, held["reference"])[0] == "due"
