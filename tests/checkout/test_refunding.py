"""Giving money back: once, whatever the provider does; and what cannot be given back is shown to somebody."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.checkout import refunding, sweeping
from falconbus.payments import refunds
from falconbus.payments.errors import RefundOver
from falconbus.payments.models import Payment, Refund, RefundStatus
from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.integrations.payments.provider import RefundAnswer
from falconbus.platform.kit import clock
from falconbus.platform.telemetry import gauges
from tests.accounts.signing import add_user, signed_in, token_for
from tests.calls import bearer, hold, pay
from tests.checkout.doubles import UnreliableSandbox, sandbox, unreliable_sandbox
from tests.world import World


@pytest.fixture
def provider(database: SQLAlchemy) -> Iterator[UnreliableSandbox]:
    """The app's sandbox, which the test can take down."""
    with unreliable_sandbox() as double:
        yield double


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


def agent() -> dict[str, str]:
    """The headers of an agent, a new one each time."""
    return bearer(token_for(add_user(f"{uuid4().hex}@falconbus.example", Role.AGENT)))


def refund_id(database: SQLAlchemy) -> int:
    database.session.rollback()
    return int(database.session.execute(text("SELECT id FROM refunds")).scalar_one())


def test_a_refund_is_pending_until_the_provider_pays_it(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    reference = cancelled(client, world)
    assert state(database, reference) == ("pending", "cancelled", 0)
    assert listed(client, "pending") == [reference]
    assert listed(client, "due") == []
    assert work(database) == 1
    assert state(database, reference) == ("done", "refunded", 27000)
    assert listed(client, "done") == [reference]
    with time_machine.travel(clock.now() + timedelta(hours=1)):
        assert transactions.run(sweeping.reconcile_refunds) == 0


def test_a_provider_that_was_down_for_a_day_pays_once(
    world: World, client: FlaskClient, database: SQLAlchemy, provider: UnreliableSandbox
) -> None:
    reference = cancelled(client, world)
    begun = clock.now()
    provider.is_down = True
    pass_time(database, begun + timedelta(days=1), timedelta(minutes=20))
    assert state(database, reference) == ("pending", "cancelled", 0)
    provider.is_down = False
    with time_machine.travel(begun + timedelta(days=1)):
        pass_time(database, clock.now() + timedelta(minutes=30), timedelta(minutes=5))
        assert state(database, reference) == ("done", "refunded", 27000)
        pass_time(database, clock.now() + timedelta(minutes=30), timedelta(minutes=5))
    assert state(database, reference) == ("done", "refunded", 27000)
    left = "SELECT count(*) FROM outbox WHERE job = 'checkout.refund' AND done_at IS NULL"
    assert database.session.execute(text(left)).scalar_one() == 0, "no job that was given up is left behind"


def test_the_job_alone_asks_until_somebody_answers(
    world: World, client: FlaskClient, database: SQLAlchemy, provider: UnreliableSandbox
) -> None:
    reference = cancelled(client, world)
    provider.is_down = True
    now = clock.now()
    for hours in range(24):
        with time_machine.travel(now + timedelta(hours=hours), tick=False):
            assert work(database) == 1
            assert transactions.run(sweeping.reconcile_refunds) == 0, "its job is on the way"
    provider.is_down = False
    with time_machine.travel(now + timedelta(days=2), tick=False):
        assert work(database) == 1
    assert state(database, reference) == ("done", "refunded", 27000)


def test_a_refund_whose_answer_was_lost_is_paid_once(
    world: World, client: FlaskClient, database: SQLAlchemy, provider: UnreliableSandbox
) -> None:
    reference = cancelled(client, world)
    provider.loses_answers = True
    assert work(database) == 1
    assert state(database, reference) == ("pending", "cancelled", 27000)
    with time_machine.travel(clock.now() + timedelta(minutes=1)):
        assert work(database) == 1
    assert state(database, reference) == ("done", "refunded", 27000)
    assert provider.asked == 1, "what was asked once is asked after, not asked again"


def test_workers_side_by_side_pay_once(world: World, client: FlaskClient, database: SQLAlchemy, app: FalconBus) -> None:
    reference = cancelled(client, world)
    number = refund_id(database)
    outbox_id = int(database.session.execute(text("SELECT id FROM outbox WHERE job = 'checkout.refund'")).scalar_one())
    database.session.rollback()

    def ask() -> None:
        with app.app_context():
            transactions.run(lambda: refunding.pay_refund(number, outbox_id))

    with ThreadPoolExecutor(4) as pool:
        for task in [pool.submit(Context().run, ask) for _ in range(4)]:
            task.result()
    assert state(database, reference) == ("done", "refunded", 27000)


def test_a_key_pays_once_and_two_keys_twice(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    """The sandbox keeps books as a real provider does: without the key it would pay twice."""
    key = pay(client, hold(client, world.add_schedule().id)).json["payment_id"]
    for refund_key in ("one", "one", "two"):
        assert sandbox().refund(refund_key, key, 10000, "ZAR").answer is RefundAnswer.DONE
    assert sandbox().refund("three", key, 10001, "ZAR").answer is RefundAnswer.REFUSED
    assert sandbox().find_refund("three", key) is None
    assert database.session.execute(text("SELECT refunded FROM sandbox_charges")).scalar_one() == 20000


def test_a_refund_that_the_provider_refuses_has_failed_and_is_shown(
    world: World, client: FlaskClient, database: SQLAlchemy, caplog: pytest.LogCaptureFixture
) -> None:
    reference = cancelled(client, world)
    database.session.execute(text("UPDATE sandbox_charges SET refunded = amount"))
    database.session.commit()
    assert work(database) == 1
    assert state(database, reference)[:2] == ("failed", "cancelled")
    assert "has failed: the sandbox knows no such charge, or less was paid" in caplog.text
    with time_machine.travel(clock.now() + timedelta(hours=3)):
        assert transactions.run(sweeping.reconcile_refunds) == 0
        assert work(database) == 0
    assert listed(client, "failed") == [reference]
    pay_out = f"/api/v1/refunds/{refund_id(database)}/pay-out"
    assert client.post(pay_out, headers=agent()).status_code == 204
    assert client.post(pay_out, headers=agent()).status_code == 404
    assert state(database, reference)[:2] == ("done", "refunded")


def test_a_refund_that_is_pending_for_too_long_has_failed_but_not_unasked(
    world: World, client: FlaskClient, database: SQLAlchemy, provider: UnreliableSandbox
) -> None:
    reference = cancelled(client, world)
    provider.is_down = True
    begun = clock.now()
    database.session.execute(text("UPDATE outbox SET done_at = now() WHERE job = 'checkout.refund'"))
    database.session.commit()
    with time_machine.travel(begun + timedelta(days=31), tick=False):
        assert transactions.run(sweeping.reconcile_refunds) == 1
        assert state(database, reference)[0] == "pending", "nobody has asked yet"
        assert work(database) == 1
    pass_time(database, begun + timedelta(days=31, hours=2), timedelta(hours=1))
    with time_machine.travel(begun + timedelta(days=32), tick=False):
        pass_time(database, clock.now() + timedelta(hours=24), timedelta(hours=1))
    assert state(database, reference)[0] == "failed"
    error = database.session.execute(text("SELECT error FROM refunds")).scalar_one()
    assert error == "the provider has not given it back in 30 days"


def test_a_refund_that_the_provider_takes_on_is_asked_after(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    reference = cancelled(client, world, "slow")
    assert work(database) == 1
    assert state(database, reference) == ("pending", "cancelled", 27000)
    assert transactions.run(sweeping.reconcile_refunds) == 0, "not at once"
    with time_machine.travel(clock.now() + refunds.ASK_AGAIN + timedelta(minutes=1)):
        assert transactions.run(sweeping.reconcile_refunds) == 1
        assert work(database) == 1
    assert state(database, reference) == ("done", "refunded", 27000)


def test_a_refund_is_not_paid_by_hand_while_its_provider_is_asked(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    cancelled(client, world)
    pay_out = f"/api/v1/refunds/{refund_id(database)}/pay-out"
    assert client.post(pay_out, headers=signed_in()).status_code == 403
    assert client.post(pay_out, headers=agent()).status_code == 404


def test_what_the_counter_took_in_vain_is_due_by_hand(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    """No worker calls it paid: only the agent who paid it does."""
    held = hold(client, world.add_schedule().id)
    address = f"/api/v1/bookings/{held['reference']}/payments"
    client.post(address, json={"provider": "counter", "token": "cash"}, headers=agent())
    payment = database.session.query(Payment).one()
    refunding.owe(payment, payment.amount, "paid_twice")
    database.session.commit()
    assert work(database) == 0
    with time_machine.travel(clock.now() + timedelta(days=40)):
        assert transactions.run(sweeping.reconcile_refunds) == 0
    assert listed(client, "due") == [held["reference"]]
    assert client.post(f"/api/v1/refunds/{refund_id(database)}/pay-out", headers=agent()).status_code == 204
    assert listed(client, "due") == []


def test_money_of_a_provider_that_is_not_set_up_any_more_is_due_by_hand(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = hold(client, world.add_schedule().id)
    pay(client, held)
    database.session.execute(text("UPDATE payments SET provider = 'gone'"))
    database.session.commit()
    assert cancel(client, held)["status"] == "cancelled"
    assert listed(client, "due") == [held["reference"]]


def test_a_refund_of_the_release_before_is_asked_for(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    """While a release goes out the old code still owes refunds as `due`, with a job."""
    reference = cancelled(client, world)
    database.session.execute(text("UPDATE refunds SET status = 'due'"))
    database.session.commit()
    assert work(database) == 1
    assert state(database, reference) == ("done", "refunded", 27000)


def test_the_metrics_show_refunds_by_state_and_the_oldest(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    cancelled(client, world)
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        shown = {gauge.name: numbers for gauge, numbers in gauges.readings()}
    assert shown["refunds"] == {"due": 0, "pending": 1, "failed": 0}
    assert shown["oldest_refund_seconds"]["pending"] == pytest.approx(7200, abs=60)
    assert shown["oldest_refund_seconds"]["failed"] == 0


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        (RefundStatus.DUE, {"complete", "fail"}),
        (RefundStatus.PENDING, {"pay_out"}),
        (RefundStatus.FAILED, {"ask", "fail"}),
        (RefundStatus.DONE, {"ask", "complete", "fail", "pay_out"}),
    ],
)
def test_a_refund_refuses_the_impossible(status: RefundStatus, refused: set[str]) -> None:
    now = clock.now()
    changes: dict[str, Callable[[Refund], None]] = {
        "ask": lambda refund: refund.ask(at=now),
        "complete": lambda refund: refund.complete(at=now),
        "fail": lambda refund: refund.fail("why"),
        "pay_out": lambda refund: refund.pay_out(at=now),
    }
    for name, change in changes.items():
        refund = Refund(status=status)
        if name in refused:
            with pytest.raises(RefundOver):
                change(refund)
        else:
            change(refund)


@pytest.mark.parametrize("values", ["status = 'lost'", "status = 'done'", "status = 'failed'"])
def test_so_does_the_database(values: str, world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    """No other state; none done without a time, none failed without a reason."""
    cancelled(client, world)
    with pytest.raises(IntegrityError, match="ck_refunds_"):
        database.session.execute(text(f"UPDATE refunds SET {values}"))
