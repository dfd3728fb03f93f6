"""Attempts to pay: nothing is charged in vain, nobody waits for a provider that is down, no key loses its answer."""

from collections.abc import Callable, Iterator
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
from falconbus.platform.telemetry import gauges
from tests.accounts.signing import signed_in
from tests.calls import bearer, hold
from tests.checkout.till import Killed, Till, tills
from tests.world import World


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


@pytest.mark.parametrize("settled_by", ["nobody", "webhook", "reconciler"])
def test_a_key_has_its_first_answer_after_a_crash(
    settled_by: str, world: World, client: FlaskClient, database: SQLAlchemy, till: Till
) -> None:
    held, once = hold(client, world.add_schedule().id), key()
    till.after = kill
    with pytest.raises(Killed):
        pay(client, held, **once)
    assert statuses(database) == ["started"]
    if settled_by == "webhook":
        tell(client, till, till.charged[0], "paid", 30000)
    elif settled_by == "reconciler":
        reconcile_later(2)
    for _ in range(2):
        paid = pay(client, held, **once)
        assert (paid.status_code, paid.json) == (201, {"payment_id": till.charged[0], "status": "paid"})
    assert len(till.charged) == 1
    assert pay(client, held, **key()).json["code"] == "booking_over"


def test_a_key_whose_process_was_killed_before_it_asked_goes_on_at_once(
    world: World, client: FlaskClient, database: SQLAlchemy, till: Till, agent: dict[str, str]
) -> None:
    held, once = hold(client, world.add_schedule().id), key()
    till.before = kill
    with pytest.raises(Killed):
        pay(client, held, **once)
    assert pay_cash(client, held, agent).json["code"] == "payment_in_progress", "it may only be slow"
    other_body = pay(client, held, token="slow", **once)
    assert (other_body.status_code, other_body.json["code"]) == (422, "idempotency_key_reused")
    assert pay(client, held, **once).status_code == 201
    assert statuses(database) == ["paid"]


def test_a_declined_payment_is_the_answer_of_its_key_after_a_crash(
    world: World, client: FlaskClient, database: SQLAlchemy, till: Till
) -> None:
    held, once = hold(client, world.add_schedule().id), key()
    till.after = kill
    with pytest.raises(Killed):
        pay(client, held, token="declined", **once)
    assert pay(client, held, token="declined", **once).status_code == 402
    assert pay(client, held, **key()).status_code == 201


def test_two_requests_of_one_id_are_two(world: World, client: FlaskClient, database: SQLAlchemy, till: Till) -> None:
    """The lease is the request's own, whatever X-Request-ID the caller sends."""
    held, same = hold(client, world.add_schedule().id), {"X-Request-ID": "the-same-request"}
    answers: list[Any] = []
    till.before = lambda: answers.append(pay(client, held, **same))
    assert pay(client, held, **same).status_code == 201
    assert answers[0].json["code"] == "payment_in_progress"
    assert len(till.charged) == 1


def test_what_is_paid_too_much_goes_back(world: World, client: FlaskClient, database: SQLAlchemy, till: Till) -> None:
    """Declined, then one of two cancels, then the provider tells that the first attempt was paid after all."""
    held = hold(client, world.add_schedule().id, passengers=2)
    assert pay(client, held, token="declined").status_code == 402
    assert cancel(client, held, {"passengers": [2]}).json["total"] == "300.00"
    first = till.charged[0]
    assert tell(client, till, first, "paid", 60000) == 204
    assert tell(client, till, first, "paid", 60000) == 204
    shown = show(client, held)
    assert (shown["status"], shown["payment"], shown["total"]) == ("confirmed", "paid", "300.00")
    assert owed(database) == [("overpaid", 30000)]
    assert mails(database) == ["confirmation", "payment_returned"]
    assert column(database, "SELECT count(*) FROM seat_claims WHERE held_until IS NULL") == [3]


@pytest.mark.parametrize(("amount", "currency"), [(29999, "ZAR"), (30000, "USD"), (0, "ZAR")])
def test_what_is_not_the_price_confirms_nothing_and_goes_back(
    amount: int, currency: str, world: World, client: FlaskClient, database: SQLAlchemy, till: Till
) -> None:
    held = hold(client, world.add_schedule().id)
    first = pay(client, held, token="slow").json["payment_id"]
    assert tell(client, till, first, "paid", amount, currency) == 204
    shown = show(client, held)
    assert (shown["status"], shown["payment"]) == ("held", "failed")
    assert owed(database) == ([("wrong_amount", amount)] if amount else [])
    assert column(database, "SELECT currency FROM payments") == [currency]
    assert pay(client, held).status_code == 201
    assert mails(database) == (["payment_returned", "confirmation"] if amount else ["confirmation"])


def test_an_event_without_an_amount_is_of_what_was_asked(
    world: World, client: FlaskClient, database: SQLAlchemy, till: Till
) -> None:
    held = hold(client, world.add_schedule().id)
    first = pay(client, held, token="slow").json["payment_id"]
    assert tell(client, till, first, "paid", None) == 204
    assert show(client, held)["status"] == "confirmed"


@pytest.mark.parametrize("amount", [-1, True, "30000", 3.5])
def test_an_event_whose_amount_is_none_is_refused(
    amount: Any, world: World, client: FlaskClient, database: SQLAlchemy, till: Till
) -> None:
    held = hold(client, world.add_schedule().id)
    first = pay(client, held, token="slow").json["payment_id"]
    assert tell(client, till, first, "paid", amount) == 400
    assert statuses(database) == ["pending"]


def test_a_provider_tells_nothing_of_anothers_payments(
    world: World, client: FlaskClient, database: SQLAlchemy, till: Till, other: Till
) -> None:
    held = hold(client, world.add_schedule().id)
    first = pay(client, held, "other", token="slow").json["payment_id"]
    assert tell(client, till, first, "paid", 30000) == 404
    assert statuses(database) == ["pending"]


def test_a_booking_bears_how_its_payment_stands(
    world: World, client: FlaskClient, database: SQLAlchemy, till: Till
) -> None:
    pay(client, hold(client, world.add_schedule(days=3).id))
    held = hold(client, world.add_schedule().id)
    assert held["payment"] is None
    assert show(client, held)["payment"] is None
    pay(client, held, token="declined")
    assert show(client, held)["payment"] == "failed"
    first = pay(client, held, token="slow").json["payment_id"]
    assert show(client, held)["payment"] == "pending"
    tell(client, till, first, "paid", 30000)
    assert show(client, held)["payment"] == "paid"
    assert cancel(client, held).json["payment"] == "paid"


def kill() -> None:
    raise Killed
