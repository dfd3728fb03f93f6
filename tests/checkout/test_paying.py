"""Paying: the money and the seats change together, whatever the provider does and wherever we crash."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.checkout import settling, sweeping
from falconbus.payments import service as payments
from falconbus.platform.database import transactions
from falconbus.platform.integrations.payments.provider import ChargeStatus, Outcome
from falconbus.platform.kit import clock
from tests.calls import bearer, hold, pay
from tests.checkout.doubles import sandbox
from tests.world import World


def one(database: SQLAlchemy, query: str, **parameters: Any) -> Any:
    """One value from the database as it is now."""
    database.session.rollback()
    return database.session.execute(text(query), parameters).scalar_one()


def states(database: SQLAlchemy, reference: str) -> tuple[str, list[str], list[str], int]:
    """A booking's state, its payments', its mails' kinds less `booking.`, and its live sold claims."""
    database.session.rollback()
    booking = database.session.execute(
        text("SELECT id, status FROM bookings WHERE reference = :r"), {"r": reference}
    ).one()
    parameters = {"id": booking.id}
    paid = database.session.execute(text("SELECT status FROM payments WHERE booking_id = :id ORDER BY id"), parameters)
    told = "SELECT substr(kind, 9) FROM mails WHERE kind LIKE 'booking.%' AND subject_id = :id ORDER BY id"
    mails = database.session.execute(text(told), parameters)
    sold = "SELECT count(*) FROM seat_claims WHERE booking_id = :id AND held_until IS NULL"
    claims = database.session.execute(text(sold), parameters).scalar_one()
    return booking.status, list(paid.scalars()), list(mails.scalars()), claims


def run_out(database: SQLAlchemy, reference: str) -> None:
    """Let a hold's time be over."""
    past = {"past": clock.now() - timedelta(seconds=1), "r": reference}
    database.session.execute(text("UPDATE bookings SET expires_at = :past WHERE reference = :r"), past)
    database.session.execute(
        text(
            "UPDATE seat_claims SET held_until = :past"
            " WHERE booking_id = (SELECT id FROM bookings WHERE reference = :r)"
        ),
        past,
    )
    database.session.commit()


def test_paying_confirms_sells_and_tells_at_once(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = hold(client, world.add_schedule().id, passengers=2)
    paid = pay(client, held)
    assert paid.status_code == 201
    assert paid.json["status"] == "paid"
    assert states(database, held["reference"]) == ("confirmed", ["paid"], ["confirmation"], 6)
    shown = client.get(f"/api/v1/bookings/{held['reference']}", headers=bearer(held["manage_token"])).json
    assert shown["status"] == "confirmed"
    assert shown["expires_at"] is None
    assert all(len(ticket["code"]) == 12 for ticket in shown["journeys"][0]["tickets"])
    again = pay(client, held)
    assert (again.status_code, again.json["code"]) == (409, "booking_over")
    assert again.json["detail"] == "the booking is already paid"


@pytest.mark.parametrize(
    ("token", "status", "code"), [("declined", 402, "payment_declined"), ("error", 502, "provider_failed")]
)
def test_a_payment_that_fails_leaves_the_hold_and_another_try(
    token: str, status: int, code: str, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = hold(client, world.add_schedule().id)
    refused = pay(client, held, token)
    assert (refused.status_code, refused.json["code"]) == (status, code)
    assert states(database, held["reference"])[0] == "held"
    assert pay(client, held).status_code == 201
    state, _, mails, _ = states(database, held["reference"])
    assert (state, mails) == ("confirmed", ["confirmation"])


def test_a_slow_payment_is_confirmed_by_its_webhook_told_twice(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = hold(client, world.add_schedule().id)
    pending = pay(client, held, "slow")
    assert (pending.status_code, pending.json["status"]) == (202, "pending")
    assert states(database, held["reference"])[0] == "held"
    second = pay(client, held, "ok")
    assert (second.status_code, second.json["code"]) == (409, "payment_in_progress")
    headers, body = signed_webhook(pending.json["payment_id"], "paid")
    for _ in range(2):
        told = client.post("/api/v1/payments/webhooks/sandbox", headers=headers, data=body)
        assert told.status_code == 204
    assert states(database, held["reference"]) == ("confirmed", ["paid"], ["confirmation"], 3)


def signed_webhook(key: str, status: str) -> tuple[dict[str, str], bytes]:
    """A webhook as the sandbox's server sends it."""
    body, headers = sandbox().webhook(key, Outcome(ChargeStatus(status), "sandbox"))
    return headers, body


def test_a_webhook_that_is_forged_or_unknown_changes_nothing(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = hold(client, world.add_schedule().id)
    key = pay(client, held, "slow").json["payment_id"]
    headers, body = signed_webhook(key, "paid")
    address = "/api/v1/payments/webhooks/sandbox"
    assert client.post(address, headers=headers, data=body.replace(b"paid", b"PAID")).status_code == 400
    assert client.post(address, data=body).status_code == 400
    other_headers, other_body = signed_webhook("pay_unknown", "paid")
    assert client.post(address, headers=other_headers, data=other_body).status_code == 404
    assert client.post("/api/v1/payments/webhooks/nobody", headers=headers, data=body).status_code == 422
    assert states(database, held["reference"])[0] == "held"


def test_an_expired_hold_cannot_be_paid(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = hold(client, world.add_schedule().id)
    run_out(database, held["reference"])
    refused = pay(client, held)
    assert (refused.status_code, refused.json["code"]) == (409, "hold_expired")
    assert one(database, "SELECT count(*) FROM payments") == 0


def test_expiry_frees_the_seats_and_tells_the_traveller_once(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    schedule = world.add_schedule()
    held, other = hold(client, schedule.id), hold(client, schedule.id)
    run_out(database, held["reference"])
    assert transactions.run(sweeping.expire_holds) == 1
    assert transactions.run(sweeping.expire_holds) == 0
    assert states(database, held["reference"]) == ("expired", [], ["hold_expired"], 0)
    assert states(database, other["reference"])[0] == "held"
    assert one(database, "SELECT count(DISTINCT booking_id) FROM seat_claims") == 1


def late_money(database: SQLAlchemy, client: FlaskClient, held: dict[str, Any]) -> str:
    """A payment that was begun in time and whose money comes after the hold has expired."""
    key: str = pay(client, held, "slow").json["payment_id"]
    run_out(database, held["reference"])
    transactions.run(sweeping.expire_holds)
    return key


def test_money_that_comes_late_takes_the_seats_again(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = hold(client, world.add_schedule().id, seats=["7"])
    headers, body = signed_webhook(late_money(database, client, held), "paid")
    client.post("/api/v1/payments/webhooks/sandbox", headers=headers, data=body)
    state, paid, mails, sold = states(database, held["reference"])
    assert (state, paid, mails, sold) == ("confirmed", ["paid"], ["confirmation"], 3)
    shown = client.get(f"/api/v1/bookings/{held['reference']}?email=thandi@example.com").json
    assert shown["journeys"][0]["tickets"][0]["status"] == "issued"


def test_money_that_comes_when_the_seats_are_gone_goes_back(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    schedule = world.add_schedule()
    held = hold(client, schedule.id, seats=["7"])
    key = late_money(database, client, held)
    hold(client, schedule.id, "B", "C", seats=["7"])
    headers, body = signed_webhook(key, "paid")
    client.post("/api/v1/payments/webhooks/sandbox", headers=headers, data=body)
    state, paid, mails, sold = states(database, held["reference"])
    assert (state, paid, mails, sold) == ("expired", ["paid"], ["payment_returned"], 0)
    assert one(database, "SELECT amount FROM refunds WHERE reason = 'too_late'") == 30000
    assert one(database, "SELECT count(*) FROM outbox WHERE job = 'checkout.refund'") == 1


@pytest.mark.parametrize("charged", [True, False])
def test_a_crash_after_asking_the_provider_is_found_and_mended(
    charged: bool, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = hold(client, world.add_schedule().id)
    booking_id = one(database, "SELECT id FROM bookings WHERE reference = :r", r=held["reference"])
    attempt = payments.open_attempt(booking_id, "sandbox", 30000, "ZAR")
    key = attempt.key
    transactions.commit()
    if charged:
        sandbox().charge(key, 30000, "ZAR", "ok")
    assert transactions.run(sweeping.reconcile_payments) == 0, "its lease still runs"
    database.session.execute(text("UPDATE payments SET lease_until = now() - interval '1 second'"))
    database.session.commit()
    assert transactions.run(sweeping.reconcile_payments) == 1
    state, paid, mails, _ = states(database, held["reference"])
    if charged:
        assert (state, paid, mails) == ("confirmed", ["paid"], ["confirmation"])
    else:
        assert (state, paid, mails) == ("held", ["failed"], [])
        assert pay(client, held).status_code == 201


def test_the_next_payment_goes_on_where_a_crash_left_off_and_charges_once(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = hold(client, world.add_schedule().id)
    booking_id = one(database, "SELECT id FROM bookings WHERE reference = :r", r=held["reference"])
    key = payments.open_attempt(booking_id, "sandbox", 30000, "ZAR").key
    transactions.commit()
    sandbox().charge(key, 30000, "ZAR", "ok")
    assert pay(client, held).json == {"payment_id": key, "status": "paid"}
    assert one(database, "SELECT count(*) FROM sandbox_charges") == 1


def test_a_second_payments_money_goes_back(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = hold(client, world.add_schedule().id)
    first = pay(client, held, "slow").json["payment_id"]
    database.session.execute(text("UPDATE payments SET status = 'failed'"))
    database.session.commit()
    assert pay(client, held).status_code == 201
    payment_id = one(database, "SELECT id FROM payments WHERE key = :key", key=first)
    transactions.run(lambda: settling.settle(payment_id, Outcome(ChargeStatus.PAID)))
    transactions.run(lambda: settling.settle(payment_id, Outcome(ChargeStatus.PAID)))
    assert one(database, "SELECT count(*) FROM refunds WHERE reason = 'paid_twice'") == 1
    assert states(database, held["reference"])[0] == "confirmed"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"provider": "nobody", "token": "ok"}, "/provider"),
        ({"provider": "sandbox", "token": "gold"}, "/token"),
        ({"provider": "sandbox"}, "/token"),
        ({"provider": "sandbox", "token": 1}, "/token"),
    ],
)
def test_a_bad_payment_is_pointed_at(body: dict[str, Any], pointer: str, world: World, client: FlaskClient) -> None:
    held = hold(client, world.add_schedule().id)
    address = f"/api/v1/bookings/{held['reference']}/payments"
    answer = client.post(address, json=body, headers=bearer(held["manage_token"]))
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == pointer


def test_strangers_cannot_pay_and_travellers_not_at_the_counter(world: World, client: FlaskClient) -> None:
    held = hold(client, world.add_schedule().id)
    address = f"/api/v1/bookings/{held['reference']}/payments"
    assert client.post(address, json={"provider": "sandbox", "token": "ok"}).status_code == 404
    answer = client.post(address, json={"provider": "counter", "token": "cash"}, headers=bearer(held["manage_token"]))
    assert (answer.status_code, answer.json["code"]) == (403, "staff_only")
