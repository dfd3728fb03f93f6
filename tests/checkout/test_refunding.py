"""Giving money back: once, whatever the provider does; and what cannot be given back is shown to somebody."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from falconbus.app import FalconBus
from falconbus.checkout import refunding, sweeping
from falconbus.payments import refunds
from falconbus.payments.errors import RefundOver
from falconbus.payments.models import Handling, Refund, RefundStatus
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from falconbus.platform.telemetry import gauges
from tests.calls import hold, pay
from tests.checkout.doubles import UnreliableSandbox, unreliable_sandbox
from tests.checkout.giving_back import cancel, cancelled, handle, listed, pass_time, refund_id, state, work
from tests.world import World


@pytest.fixture
def provider(database: SQLAlchemy) -> Iterator[UnreliableSandbox]:
    """The app's sandbox, which the test can take down."""
    with unreliable_sandbox() as double:
        yield double


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
    assert handle(client, refund_id(database), "pay-out").status_code == 204
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
        (RefundStatus.DUE, {"complete", "fail", "refuse"}),
        (RefundStatus.PENDING, {"retry", "pay_out"}),
        (RefundStatus.FAILED, {"ask", "fail", "refuse"}),
        (RefundStatus.DONE, {"ask", "complete", "fail", "refuse", "retry", "pay_out"}),
    ],
)
def test_a_refund_refuses_the_impossible(status: RefundStatus, refused: set[str]) -> None:
    now = clock.now()
    handling = Handling(1, now, "as told")
    changes: dict[str, Callable[[Refund], None]] = {
        "ask": lambda refund: refund.ask(at=now),
        "complete": lambda refund: refund.complete(at=now),
        "fail": lambda refund: refund.fail("why"),
        "refuse": lambda refund: refund.refuse("why"),
        "retry": lambda refund: refund.retry(handling, new_key="another"),
        "pay_out": lambda refund: refund.pay_out(handling),
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
