"""The sandbox keeps books as a real provider does: a refund's key pays once, and each thing it tells has its own id."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.app import FalconBus
from falconbus.platform.integrations.payments.provider import ChargeStatus, Outcome, RefundAnswer
from tests.checkout.doubles import sandbox

CHARGE, AMOUNT = "pay_sandbox_test", 30000


def books(database: SQLAlchemy) -> tuple[int, int, int]:
    """What the charge says went back, what the refunds come to, and how many they are; another charge stays whole."""
    database.session.rollback()
    assert database.session.execute(text("SELECT refunded FROM sandbox_charges WHERE key = 'other'")).scalar_one() == 0
    refunded = database.session.execute(
        text("SELECT refunded FROM sandbox_charges WHERE key = :key"), {"key": CHARGE}
    ).scalar_one()
    lines = database.session.execute(text("SELECT coalesce(sum(amount), 0), count(*) FROM sandbox_refunds")).one()
    database.session.rollback()
    return refunded, int(lines[0]), lines[1]


@pytest.fixture(autouse=True)
def charges(database: SQLAlchemy) -> None:
    for key in (CHARGE, "other"):
        assert sandbox().charge(key, AMOUNT, "ZAR", "ok").status is ChargeStatus.PAID


def at_once(app: FalconBus, keys: list[str]) -> list[RefundAnswer]:
    """The answers to refunds of 100.00 under these keys, asked for at the same moment."""

    def ask(key: str) -> RefundAnswer:
        with app.app_context():
            return sandbox().refund(key, CHARGE, 10000, "ZAR").answer

    with ThreadPoolExecutor(len(keys)) as pool:
        tasks = [pool.submit(Context().run, ask, key) for key in keys]
        return [task.result() for task in tasks]


def test_a_key_pays_once_and_two_keys_twice(database: SQLAlchemy) -> None:
    for key in ("one", "one", "two"):
        assert sandbox().refund(key, CHARGE, 10000, "ZAR").answer is RefundAnswer.DONE
    assert books(database) == (20000, 20000, 2)
    assert sandbox().refund("three", CHARGE, 10001, "ZAR").answer is RefundAnswer.REFUSED
    assert sandbox().find_refund("three", CHARGE) is None
    assert books(database) == (20000, 20000, 2)


def test_a_key_pays_once_to_many_who_ask_at_the_same_moment(app: FalconBus, database: SQLAlchemy) -> None:
    assert at_once(app, ["one"] * 6) == [RefundAnswer.DONE] * 6
    assert books(database) == (10000, 10000, 1)


def test_control_with_a_key_each_the_charge_is_paid_back_as_often_as_it_allows(
    app: FalconBus, database: SQLAlchemy
) -> None:
    answers = at_once(app, [f"key {number}" for number in range(6)])
    assert sorted(answers) == [RefundAnswer.DONE] * 3 + [RefundAnswer.REFUSED] * 3
    assert books(database) == (30000, 30000, 3)


def test_a_refund_of_a_charge_that_is_gone_is_refused_and_not_in_the_books(database: SQLAlchemy) -> None:
    outcome = sandbox().refund("one", "pay_of_nobody", 10000, "ZAR")
    assert (outcome.answer, outcome.reason) == (
        RefundAnswer.REFUSED, "the sandbox knows no such charge, or less was paid",
    )  # fmt: skip
    assert books(database) == (0, 0, 0)


def test_what_the_sandbox_tells_of_a_charge_has_an_id_for_each_state() -> None:
    """With one id for all, a test that tells `pending` and then `paid` would prove that nothing changes."""
    ids = {status: json.loads(sandbox().webhook(CHARGE, Outcome(status))[0])["id"] for status in ChargeStatus}
    assert len(set(ids.values())) == len(ChargeStatus)
    assert ids[ChargeStatus.PAID] == json.loads(sandbox().webhook(CHARGE, Outcome(ChargeStatus.PAID))[0])["id"]
