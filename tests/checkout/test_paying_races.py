"""Paying, cancelling and expiring at the same moment: whoever is first, every cent and every seat is right."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.app import FalconBus
from falconbus.bookings import service as bookings
from falconbus.checkout import refunding, sweeping
from falconbus.payments import service as payments
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.integrations.payments import registry
from falconbus.platform.integrations.payments.provider import Outcome
from tests.calls import bearer, hold
from tests.checkout.till import Till, tills
from tests.world import World

PAYERS = 6
ROUNDS = 12


@pytest.fixture
def till(database: SQLAlchemy) -> Iterator[Till]:
    with tills() as (own, _):
        yield own


class SlowTill(Till):
    """Takes its time, so that the others come in between."""

    def charge(self, key: str, amount: int, currency: str, token: str) -> Outcome:
        time.sleep(0.05)
        outcome = super().charge(key, amount, currency, token)
        time.sleep(0.05)
        return outcome


def put_in(till: SlowTill) -> SlowTill:
    """Have the sandbox's payments taken by this till."""
    registry.available()["sandbox"] = till
    return till


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """What all of them answer, each in a thread of its own."""
    answers: list[Any] = [None] * len(calls)
    together = threading.Barrier(len(calls))

    def run(number: int) -> None:
        together.wait()
        answers[number] = calls[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def payer(app: FalconBus, held: dict[str, Any], token: str = "ok", **headers: str) -> Callable[[], Any]:
    return lambda: app.test_client().post(
        f"/api/v1/bookings/{held['reference']}/payments",
        json={"provider": "sandbox", "token": token},
        headers={**bearer(held["manage_token"]), **headers},
    )


def canceller(app: FalconBus, held: dict[str, Any]) -> Callable[[], Any]:
    address = f"/api/v1/bookings/{held['reference']}/cancel"
    return lambda: app.test_client().post(address, json={}, headers=bearer(held["manage_token"]))


def expirer(app: FalconBus, held: dict[str, Any]) -> Callable[[], Any]:
    """Lets the hold run out, and the sweeper find it."""

    def expire() -> None:
        with app.app_context():
            past = text("UPDATE bookings SET expires_at = now() - interval '1 second' WHERE reference = :r")
            transactions.run(lambda: db.session.execute(past, {"r": held["reference"]}))
            transactions.run(sweeping.expire_holds)

    return expire


def codes(answers: list[Any]) -> Counter[str]:
    return Counter(str(answer.json.get("code", answer.status_code)) for answer in answers)


_WRONG = text("""
    SELECT b.reference, b.status, coalesce(money.taken, 0) AS taken, coalesce(money.owed, 0) AS owed, b.total,
        b.refund_amount, coalesce(seats.sold, 0) AS sold
    FROM bookings b
    LEFT JOIN LATERAL (
        SELECT sum(c.amount) AS taken, sum((SELECT sum(amount) FROM refunds WHERE payment_id = p.id)) AS owed
        FROM payments p JOIN sandbox_charges c ON c.key = p.key AND c.token = 'ok' WHERE p.booking_id = b.id
    ) money ON true
    LEFT JOIN LATERAL (
        SELECT count(*) AS sold FROM seat_claims WHERE booking_id = b.id AND held_until IS NULL
    ) seats ON true
    WHERE coalesce(money.taken, 0) - coalesce(money.owed, 0)
            <> CASE WHEN b.payment_id IS NULL THEN 0 ELSE b.total - b.refund_amount END
        OR (coalesce(seats.sold, 0) > 0) <> (b.status = 'confirmed')
        OR EXISTS (SELECT FROM payments WHERE booking_id = b.id AND status NOT IN ('paid', 'declined', 'failed'))
""")


def wrong(database: SQLAlchemy) -> list[Any]:
    """Bookings whose money taken, less what is owed back, is not what they cost; or whose seats are not as paid."""
    database.session.rollback()
    return list(database.session.execute(_WRONG).all())


def test_many_payers_of_one_booking_are_charged_once(
    world: World, app: FalconBus, database: SQLAlchemy, till: Till
) -> None:
    slow = put_in(SlowTill())
    held = hold(app.test_client(), world.add_schedule().id)
    answers = at_once([payer(app, held) for _ in range(PAYERS)])
    assert set(codes(answers)) <= {"201", "payment_in_progress", "booking_over"}
    assert len({answer.json["payment_id"] for answer in answers if answer.status_code == 201}) == 1
    assert len(slow.charged) == 1
    assert wrong(database) == []


def test_the_control_without_the_lock_charges_more_than_once(
    world: World, app: FalconBus, database: SQLAlchemy, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = put_in(SlowTill())
    held = hold(app.test_client(), world.add_schedule().id)
    index = column(database, "SELECT indexdef FROM pg_indexes WHERE indexname = 'uq_payments_one_open'")
    execute(database, "DROP INDEX uq_payments_one_open")
    try:
        monkeypatch.setattr(bookings, "lock_changeable", bookings.load_visible)
        monkeypatch.setattr(payments, "attempts", lambda booking_id: [])
        at_once([payer(app, held) for _ in range(PAYERS)])
        assert len(slow.charged) > 1
        assert wrong(database) == [], "even then what is too much goes back"
    finally:
        execute(database, "DELETE FROM refunds; DELETE FROM payments")
        execute(database, index)


def test_twins_of_one_key_have_one_answer(world: World, app: FalconBus, database: SQLAlchemy, till: Till) -> None:
    put_in(SlowTill())
    held, once = hold(app.test_client(), world.add_schedule().id), {"Idempotency-Key": uuid4().hex}
    answers = at_once([payer(app, held, **once) for _ in range(PAYERS)])
    assert set(codes(answers)) <= {"201", "request_in_progress"}
    afterwards = payer(app, held, **once)()
    assert afterwards.status_code == 201
    assert {answer.get_data() for answer in answers if answer.status_code == 201} == {afterwards.get_data()}
    assert column(database, "SELECT count(*)::text FROM sandbox_charges") == "1"


def race(app: FalconBus, world: World, *, rounds: int = ROUNDS) -> Counter[str]:
    """Pay, cancel and expire one booking after another, in any order; how the bookings ended."""
    schedules = [world.add_schedule(days=3 + number).id for number in range(rounds)]
    for schedule_id in schedules:
        held = hold(app.test_client(), schedule_id)
        calls = [payer(app, held), payer(app, held), canceller(app, held), expirer(app, held)]
        random.shuffle(calls)
        at_once(calls)
    with app.app_context():
        transactions.run(sweeping.expire_holds)
        transactions.run(sweeping.reconcile_payments)
        return Counter(db.session.execute(text("SELECT status FROM bookings")).scalars())


def test_pay_cancel_and_expire_leave_every_cent_and_seat_right(
    world: World, app: FalconBus, database: SQLAlchemy, till: Till
) -> None:
    ended = race(app, world)
    assert wrong(database) == []
    assert set(ended) <= {"confirmed", "cancelled", "expired"}, "nobody waits for anything"


def test_the_control_that_returns_nothing_is_found_out(
    world: World, app: FalconBus, database: SQLAlchemy, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Money comes for a booking that was cancelled meanwhile: without a refund owed, the sums are wrong."""
    monkeypatch.setattr(refunding, "owe", lambda *_: None)
    held = hold(app.test_client(), world.add_schedule().id)
    till.after = lambda: execute(database, "UPDATE bookings SET status = 'cancelled', cancelled_at = now()")
    payer(app, held)()
    execute(database, "DELETE FROM seat_claims")
    assert [row.reference for row in wrong(database)] == [held["reference"]]


def column(database: SQLAlchemy, query: str) -> str:
    database.session.rollback()
    return str(database.session.execute(text(query)).scalar_one())


def execute(database: SQLAlchemy, statement: str) -> None:
    database.session.rollback()
    database.session.execute(text(statement))
    database.session.commit()
