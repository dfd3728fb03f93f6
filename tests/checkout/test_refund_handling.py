"""What staff do about a refund: have its provider asked anew, or pay it out; who and why is kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.checkout import sweeping
from falconbus.platform.database import transactions
from falconbus.platform.integrations.payments.provider import RefundAnswer, RefundOutcome
from falconbus.platform.kit import clock
from tests.accounts.signing import add_user, signed_in, token_for
from tests.calls import bearer
from tests.checkout.doubles import UnreliableSandbox, unreliable_sandbox
from tests.checkout.giving_back import agent, cancelled, handle, listed, pass_time, refund_id, state, work
from tests.checkout.refund_desk import ADDRESS, audited, failed, jobs_to_do, provider, row, set_charges
from tests.world import World

__all__ = ["provider"]

ACTIONS = ("retry", "pay-out")


def test_a_failed_refund_is_shown_tried_again_and_paid(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    reference = failed(client, world, database)
    shown = row(client, "failed")
    assert (shown["booking"], shown["error"], shown["handled_by"], shown["note"]) == (
        reference, "the sandbox knows no such charge, or less was paid", None, None,
    )  # fmt: skip
    set_charges(database, "refunded = 0")
    nomsa = add_user("nomsa@falconbus.example", Role.OPERATOR)
    told = handle(client, shown["id"], "retry", "The charge is found again", **bearer(token_for(nomsa)))
    assert (told.status_code, told.data) == (204, b"")
    assert state(database, reference) == ("pending", "cancelled", 0)
    assert listed(client, "failed") == []
    pending = row(client, "pending")
    assert (pending["handled_by"], pending["note"]) == (nomsa.name, "The charge is found again")
    assert pending["error"] == shown["error"], "why it failed last stays to be read"
    assert work(database) == 1
    assert state(database, reference) == ("done", "refunded", 27000)
    assert audited(database) == [
        ("nomsa@falconbus.example", "retry", str(shown["id"]), "The charge is found again", "failed")
    ]


def test_a_key_that_was_refused_is_spent_and_another_is_asked_with(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    failed(client, world, database)
    spent = row(client, "failed")["key"]
    assert handle(client, refund_id(database), "retry").status_code == 204
    assert row(client, "pending")["key"] != spent
    assert work(database) == 1
    assert row(client, "failed")["key"] != spent, "its charge is still gone"
    assert len(audited(database)) == 1


def test_a_key_whose_fate_is_not_known_is_asked_after_and_pays_once(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    """The provider had paid, and its answer was lost for thirty days: another key would pay a second time."""
    reference = cancelled(client, world)
    with unreliable_sandbox() as provider:
        provider.loses_answers = True
        work(database)
        provider.is_down = True
        begun = clock.now()
        pass_time(database, begun + timedelta(days=35), timedelta(hours=7))
    assert state(database, reference) == ("failed", "cancelled", 27000)
    key = row(client, "failed")["key"]
    with time_machine.travel(begun + timedelta(days=36), tick=False):
        assert handle(client, refund_id(database), "retry").status_code == 204
        assert row(client, "pending")["key"] == key
        assert work(database) == 1
        assert state(database, reference) == ("done", "refunded", 27000)


def test_a_provider_that_is_asked_anew_has_all_its_time_again(
    world: World, client: FlaskClient, database: SQLAlchemy, provider: UnreliableSandbox
) -> None:
    reference = cancelled(client, world)
    provider.is_down = True
    begun = clock.now()
    pass_time(database, begun + timedelta(days=35), timedelta(hours=7))
    assert state(database, reference)[0] == "failed"
    with time_machine.travel(begun + timedelta(days=35), tick=False):
        assert handle(client, refund_id(database), "retry").status_code == 204
        pass_time(database, begun + timedelta(days=64), timedelta(hours=7))
        assert state(database, reference)[0] == "pending"
    with time_machine.travel(begun + timedelta(days=64), tick=False):
        pass_time(database, begun + timedelta(days=70), timedelta(hours=7))
    assert state(database, reference)[0] == "failed"


def test_a_failed_refund_is_paid_by_hand_with_who_and_why(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    reference = failed(client, world, database)
    number = refund_id(database)
    sipho = add_user("sipho@falconbus.example", Role.AGENT)
    assert handle(client, number, "pay-out", "EFT, FNB 8841", **bearer(token_for(sipho))).status_code == 204
    assert state(database, reference)[:2] == ("done", "refunded")
    done = row(client, "done")
    assert (done["handled_by"], done["note"]) == (sipho.name, "EFT, FNB 8841")
    assert done["settled_at"] is not None
    assert audited(database) == [("sipho@falconbus.example", "pay out", str(number), "EFT, FNB 8841", "failed")]
    assert work(database) == 0
    with time_machine.travel(clock.now() + timedelta(days=40)):
        assert transactions.run(sweeping.reconcile_refunds) == 0


@pytest.mark.parametrize(
    ("status", "action", "code"),
    [
        ("pending", "retry", "refund_over"),
        ("pending", "pay-out", "refund_over"),
        ("done", "retry", "refund_over"),
        ("done", "pay-out", "refund_over"),
        ("due", "retry", "paid_by_hand"),
        ("failed", "retry", "paid_by_hand"),
    ],
)
def test_what_cannot_be_done_to_a_refund_is_refused_and_changes_nothing(
    status: str, action: str, code: str, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    """Of a provider that is not set up any more nobody can ask anything."""
    cancelled(client, world)
    set_refund(database, status)
    if code == "paid_by_hand":
        database.session.execute(text("UPDATE payments SET provider = 'gone'"))
        database.session.commit()
    number, before = refund_id(database), everything(database)
    refused = handle(client, number, action)
    assert (refused.status_code, refused.json["code"]) == (409, code)
    assert everything(database) == before
    assert audited(database) == []


def set_refund(database: SQLAlchemy, status: str) -> None:
    changed = "UPDATE refunds SET status = :status, error = 'why', settled_at = now()"
    database.session.execute(text(changed), {"status": status})
    database.session.commit()


def everything(database: SQLAlchemy) -> list[Any]:
    database.session.rollback()
    return [
        database.session.execute(text(f"SELECT * FROM {table} ORDER BY id")).all()
        for table in ("refunds", "bookings", "outbox")
    ]


@pytest.mark.parametrize("action", ACTIONS)
def test_only_staff_see_to_refunds_and_say_why(
    action: str, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    failed(client, world, database)
    address = ADDRESS.format(number=refund_id(database), action=action)
    before = everything(database)
    note = {"note": "as told"}
    assert client.post(address, json=note).status_code == 401
    assert client.post(address, json=note, headers=signed_in()).status_code == 403
    assert client.post(address, json=note, headers=signed_in(Role.DRIVER)).status_code == 403
    for body in ({}, {"note": ""}, {"note": " "}, {"note": "x" * 201}, {"note": "two\nlines"}, {"note": 7}):
        bad = client.post(address, json=body, headers=agent())
        assert (bad.status_code, bad.json["errors"][0]["pointer"]) == (422, "/note")
    unknown = client.post(ADDRESS.format(number=10**6, action=action), json=note, headers=agent())
    assert (unknown.status_code, unknown.json["code"]) == (404, "refund_not_found")
    assert everything(database) == before


@pytest.mark.parametrize("action", ACTIONS)
def test_the_same_key_twice_is_one_deed_and_one_answer(
    action: str, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    failed(client, world, database)
    number, headers = refund_id(database), {**agent(), "Idempotency-Key": "the agent pressed twice"}
    first, again = (handle(client, number, action, **headers) for _ in range(2))
    assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (204, 204, "true")
    assert len(audited(database)) == 1
    assert jobs_to_do(database) == (1 if action == "retry" else 0)


def test_a_refund_owed_while_its_provider_was_not_set_up_can_be_asked_for_once_it_is(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    reference = cancelled(client, world)
    set_refund(database, "due")
    database.session.execute(text("DELETE FROM outbox"))
    database.session.commit()
    assert handle(client, refund_id(database), "retry").status_code == 204
    assert work(database) == 1
    assert state(database, reference) == ("done", "refunded", 27000)


def test_a_provider_that_is_taken_out_of_the_settings_leaves_no_refund_to_nobody(
    world: World, client: FlaskClient, database: SQLAlchemy, app: FalconBus, caplog: pytest.LogCaptureFixture
) -> None:
    """It is asked for until its job is given up, so that a setting that was lost for minutes does no harm."""
    reference = cancelled(client, world)
    begun = clock.now()
    usual = app.extensions["payment_providers"].pop("sandbox")
    try:
        pass_time(database, begun + timedelta(minutes=10), timedelta(minutes=1))
        assert state(database, reference)[0] == "pending"
        with time_machine.travel(begun + timedelta(minutes=10), tick=False):
            pass_time(database, begun + timedelta(minutes=90), timedelta(minutes=5))
        assert state(database, reference)[0] == "failed"
        shown = row(client, "failed")
        assert shown["error"] == "the provider sandbox is not set up, or does not give money back any more"
        assert f"({shown['key']}) has failed: the provider sandbox is not set up" in caplog.text
        assert jobs_to_do(database) == 0
        refused = handle(client, shown["id"], "retry")
        assert (refused.status_code, refused.json["code"]) == (409, "paid_by_hand")
    finally:
        app.extensions["payment_providers"]["sandbox"] = usual
    assert handle(client, shown["id"], "retry").status_code == 204
    assert row(client, "pending")["key"] == shown["key"]
    assert work(database) == 1
    assert state(database, reference) == ("done", "refunded", 27000)


class Overtaken(UnreliableSandbox):
    """Refuses, but its answer is long on the way: meanwhile another worker has heard it, and staff act on that."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    def refund(self, key: str, charge_key: str, amount: int, currency: str) -> RefundOutcome:
        self._meanwhile()
        return RefundOutcome(RefundAnswer.REFUSED, "late")


def test_a_refusal_of_the_spent_key_that_comes_late_is_none_of_the_new_one(
    world: World, client: FlaskClient, database: SQLAlchemy, app: FalconBus
) -> None:
    reference = cancelled(client, world)
    number, usual = refund_id(database), app.extensions["payment_providers"]["sandbox"]

    def meanwhile() -> None:
        with database.engine.begin() as connection:
            connection.execute(text("UPDATE refunds SET status = 'failed', error = 'why', refused_key = key"))
        assert handle(client, number, "retry").status_code == 204

    app.extensions["payment_providers"]["sandbox"] = Overtaken(meanwhile)
    try:
        assert work(database) == 1
    finally:
        app.extensions["payment_providers"]["sandbox"] = usual
    assert state(database, reference) == ("pending", "cancelled", 0)
    assert work(database) == 1
    assert state(database, reference) == ("done", "refunded", 27000)
