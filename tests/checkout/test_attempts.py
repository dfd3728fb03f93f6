"""Attempts to pay: nothing is charged in vain, and nobody waits for a provider that is down."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.checkout import sweeping
from falconbus.platform.database import transactions
from falconbus.platform.telemetry import gauges
from tests.calls import hold
from tests.checkout.attempts import (
    agent,
    cancel,
    column,
    key,
    mails,
    other,
    owed,
    pay,
    pay_cash,
    reconcile_later,
    run,
    show,
    statuses,
    tell,
    till,
)
from tests.checkout.till import Till
from tests.world import World

__all__ = ["agent", "other", "till"]

DEPART = "UPDATE journeys SET departs_at = now() - interval '1 second'"


WITHDRAW = "UPDATE schedules SET active = false"


END_ROUTE = "UPDATE routes SET active = false"


RUN_OUT = "UPDATE bookings SET expires_at = now() - interval '1 second'"


END_BOOKING = "UPDATE bookings SET status = 'cancelled', cancelled_at = now()"


@pytest.mark.parametrize("in_cash", [False, True])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (DEPART, "departed"),
        (WITHDRAW, "not_on_sale"),
        (END_ROUTE, "not_on_sale"),
        (RUN_OUT, "hold_expired"),
        (END_BOOKING, "booking_over"),
    ],
)
def test_what_is_known_is_refused_before_money_moves(
    change: str, code: str, in_cash: bool, world: World, client: FlaskClient, database: SQLAlchemy,
    till: Till, agent: dict[str, str],
) -> None:  # fmt: skip
    held = hold(client, world.add_schedule().id)
    run(database, change)
    refused = pay_cash(client, held, agent) if in_cash else pay(client, held)
    assert (refused.status_code, refused.json["code"]) == (409, code)
    assert till.charged == []
    assert statuses(database) == []


def test_a_ride_that_is_cancelled_and_gone_does_not_stop_the_payment_of_the_others(
    world: World, client: FlaskClient, database: SQLAlchemy, till: Till
) -> None:
    held = hold(client, world.add_schedule().id, passengers=2)
    back = world.add_schedule(days=9)
    run(
        database,
        "INSERT INTO journeys SELECT booking_id, 2, :schedule, fare_class_id, origin_position, destination_position,"
        " origin_id, destination_id, now() - interval '2 hours', now() - interval '1 hour' FROM journeys",
        schedule=back.id,
    )
    assert pay(client, held).status_code == 201


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [(DEPART, "paid_after_departure", "departed"), (WITHDRAW, "paid_after_withdrawal", "withdrawn")],
)
def test_what_happens_while_the_provider_is_asked_is_told_as_it_is(
    change: str, code: str, reason: str, world: World, client: FlaskClient, database: SQLAlchemy, till: Till
) -> None:
    held, once = hold(client, world.add_schedule().id), key()
    till.after = lambda: run(database, change)
    for _ in range(2):
        refused = pay(client, held, **once)
        assert (refused.status_code, refused.json["code"]) == (409, code)
    assert len(till.charged) == 1
    assert owed(database) == [(reason, 30000)]
    assert mails(database) == ["payment_returned"]
    assert show(client, held)["status"] == "expired"
    assert column(database, "SELECT count(*) FROM seat_claims") == [0]


@pytest.mark.parametrize("way", ["cash", "other provider", "same provider", "cancel"])
def test_a_payment_that_was_certainly_not_taken_blocks_nothing(
    way: str, world: World, client: FlaskClient, database: SQLAlchemy, other: Till, agent: dict[str, str]
) -> None:
    held = hold(client, world.add_schedule().id)
    assert pay(client, held, token="error").json["code"] == "provider_failed"
    assert statuses(database) == ["failed"]
    ways: dict[str, Callable[[], Any]] = {
        "cash": lambda: pay_cash(client, held, agent),
        "other provider": lambda: pay(client, held, "other"),
        "same provider": lambda: pay(client, held),
        "cancel": lambda: cancel(client, held),
    }
    assert ways[way]().status_code in {200, 201}
    assert show(client, held)["status"] == ("cancelled" if way == "cancel" else "confirmed")
    assert owed(database) == []


@pytest.mark.parametrize("way", ["cash", "other provider"])
def test_a_payment_of_unknown_outcome_lets_another_way_through_and_goes_back_when_it_turns_up(
    way: str, world: World, client: FlaskClient, database: SQLAlchemy, till: Till, other: Till, agent: dict[str, str]
) -> None:
    held = hold(client, world.add_schedule().id)
    till.loses_answers = True
    assert pay(client, held).status_code == 502
    till.is_down = True
    assert show(client, held)["payment"] == "pending"
    refused = pay(client, held)
    assert (refused.status_code, refused.json["code"]) == (502, "provider_failed")
    paid = pay_cash(client, held, agent) if way == "cash" else pay(client, held, "other")
    assert paid.status_code == 201
    assert statuses(database) == ["unresolved", "paid"]
    reconcile_later(60)
    assert statuses(database) == ["unresolved", "paid"], "its provider is still down"
    shown = {gauge.name: numbers for gauge, numbers in gauges.readings()}
    assert shown["unsettled_payments"] == {"started": 0, "pending": 0, "unresolved": 1}
    till.is_down = False
    reconcile_later(120)
    assert statuses(database) == ["paid", "paid"]
    assert owed(database) == [("paid_twice", 30000)]
    assert mails(database) == ["confirmation", "payment_returned"]
    assert show(client, held)["payment"] == "paid"


def test_a_payment_of_unknown_outcome_is_asked_after_before_another_way(
    world: World, client: FlaskClient, database: SQLAlchemy, till: Till, agent: dict[str, str]
) -> None:
    held = hold(client, world.add_schedule().id)
    till.loses_answers = True
    assert pay(client, held).status_code == 502
    refused = pay_cash(client, held, agent)
    assert (refused.status_code, refused.json["code"]) == (409, "booking_over"), "the card was charged: keep the cash"
    assert statuses(database) == ["paid"]
    assert (show(client, held)["status"], owed(database)) == ("confirmed", [])


def test_the_same_provider_goes_on_with_the_attempt_and_charges_once(
    world: World, client: FlaskClient, database: SQLAlchemy, till: Till
) -> None:
    held = hold(client, world.add_schedule().id)
    till.loses_answers = True
    assert pay(client, held).status_code == 502
    till.loses_answers = False
    paid = pay(client, held)
    assert (paid.status_code, paid.json["status"]) == (201, "paid")
    assert column(database, "SELECT key FROM sandbox_charges") == [paid.json["payment_id"]]


def test_a_call_that_may_still_arrive_is_repeated_under_its_own_key(
    world: World, client: FlaskClient, database: SQLAlchemy, till: Till
) -> None:
    held = hold(client, world.add_schedule().id)
    till.loses_calls = True
    assert pay(client, held).status_code == 502
    assert statuses(database) == ["unresolved"]
    till.loses_calls = False
    assert pay(client, held).status_code == 201
    assert till.charged[0] == till.charged[1]
    assert statuses(database) == ["paid"]


def test_a_call_that_cannot_arrive_any_more_has_failed(
    world: World, client: FlaskClient, database: SQLAlchemy, till: Till
) -> None:
    held = hold(client, world.add_schedule().id)
    till.loses_calls = True
    pay(client, held)
    transactions.run(sweeping.reconcile_payments)
    assert statuses(database) == ["unresolved"]
    reconcile_later(1)
    assert statuses(database) == ["failed"]
    assert show(client, held)["payment"] == "failed"


def test_a_hold_whose_payment_is_unresolved_can_be_cancelled_and_its_money_returned(
    world: World, client: FlaskClient, database: SQLAlchemy, till: Till
) -> None:
    held = hold(client, world.add_schedule().id)
    till.loses_answers = True
    pay(client, held)
    till.is_down = True
    assert cancel(client, held).json["status"] == "cancelled"
    till.is_down = False
    reconcile_later(5)
    assert owed(database) == [("booking_cancelled", 30000)]
    assert mails(database) == ["payment_returned"]
    assert show(client, held)["status"] == "cancelled"


def test_a_hold_that_turns_out_to_be_paid_is_not_cancelled_for_nothing(
    world: World, client: FlaskClient, database: SQLAlchemy, till: Till
) -> None:
    held = hold(client, world.add_schedule().id)
    till.loses_answers = True
    pay(client, held)
    refused = cancel(client, held)
    assert (refused.status_code, refused.json["code"]) == (409, "payment_in_progress")
    assert cancel(client, held).json["refund"] == "270.00"


def test_a_pending_payment_blocks_only_while_its_provider_says_so(
    world: World, client: FlaskClient, database: SQLAlchemy, till: Till, agent: dict[str, str]
) -> None:
    held = hold(client, world.add_schedule().id)
    first = pay(client, held, token="slow").json["payment_id"]
    for refused in (pay_cash(client, held, agent), cancel(client, held)):
        assert (refused.status_code, refused.json["code"]) == (409, "payment_in_progress")
    till.is_down = True
    assert pay_cash(client, held, agent).status_code == 201
    assert tell(client, till, first, "paid", 30000) == 204
    assert owed(database) == [("paid_twice", 30000)]
