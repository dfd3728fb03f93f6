"""Cancelling: first the quote, then the same figures for real."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts import service as accounts
from falconbus.accounts.models import Role
from falconbus.checkout import refunding
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from tests.calls import bearer, hold, pay
from tests.world import World


def cancel(client: FlaskClient, held: dict[str, Any], body: Any = None, *, quote: bool = False) -> Any:
    address = f"/api/v1/bookings/{held['reference']}/cancel{'?quote=1' if quote else ''}"
    return client.post(address, json=body or {}, headers=bearer(held["manage_token"]))


def confirmed(client: FlaskClient, schedule_id: int, **changes: Any) -> dict[str, Any]:
    held = hold(client, schedule_id, **changes)
    assert pay(client, held).status_code == 201
    return held


@pytest.mark.parametrize(
    ("hours", "refund", "fee"), [(25, "270.00", "30.00"), (5, "150.00", "150.00"), (1, "0.00", "300.00")]
)
def test_the_quote_is_what_comes_back(
    hours: int, refund: str, fee: str, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = confirmed(client, world.add_schedule(at=clock.now() + timedelta(hours=hours, minutes=1)).id)
    quote = cancel(client, held, quote=True)
    assert quote.json == {"refund": refund, "fee": fee, "currency": "ZAR"}
    assert client.get(f"/api/v1/bookings/{held['reference']}?email=thandi@example.com").json["status"] == "confirmed"
    cancelled = cancel(client, held).json
    assert (cancelled["status"], cancelled["refund"], cancelled["fee"]) == ("cancelled", refund, fee)
    assert database.session.execute(text("SELECT count(*) FROM seat_claims")).scalar_one() == 0
    again = cancel(client, held)
    assert (again.status_code, again.json["code"]) == (409, "booking_over")


def test_one_passenger_of_two_is_cancelled(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = confirmed(client, world.add_schedule().id, passengers=2)
    left = cancel(client, held, {"passengers": [2]}).json
    assert (left["status"], left["refund"]) == ("confirmed", "270.00")
    assert [ticket["status"] for ticket in left["journeys"][0]["tickets"]] == ["issued", "cancelled"]
    seats = database.session.execute(text("SELECT DISTINCT seat_number FROM seat_claims")).scalars().all()
    assert seats == [left["journeys"][0]["tickets"][0]["seat"]]
    for passengers in ([2], [7], [1, 9]):
        refused = cancel(client, held, {"passengers": passengers})
        assert (refused.status_code, refused.json["code"]) == (422, "unknown_passenger")
    rest = cancel(client, held).json
    assert (rest["status"], rest["refund"], rest["fee"]) == ("cancelled", "540.00", "60.00")


def test_a_hold_is_cancelled_without_money_or_mail(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    schedule = world.add_schedule()
    held = hold(client, schedule.id, passengers=2)
    smaller = cancel(client, held, {"passengers": [1]}).json
    assert (smaller["status"], smaller["total"], smaller["refund"]) == ("held", "300.00", "0.00")
    assert cancel(client, held).json["status"] == "cancelled"
    assert database.session.execute(text("SELECT count(*) FROM mails")).scalar_one() == 0
    assert pay(client, held).status_code == 409


def test_a_coach_that_has_left_takes_the_fare_along(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = confirmed(client, world.add_schedule().id)
    database.session.execute(text("UPDATE journeys SET departs_at = now() - interval '1 minute'"))
    database.session.commit()
    refused = cancel(client, held)
    assert (refused.status_code, refused.json["code"]) == (409, "too_late_to_cancel")


def test_a_class_that_is_not_refundable_gives_nothing_back(world: World, client: FlaskClient) -> None:
    world.standard.refundable = False
    world.commit()
    held = confirmed(client, world.add_schedule().id)
    assert cancel(client, held, quote=True).json["refund"] == "0.00"


def test_the_refund_is_paid_once_and_ends_the_booking(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = confirmed(client, world.add_schedule().id)
    cancel(client, held)
    refund_id = database.session.execute(text("SELECT id FROM refunds")).scalar_one()
    outbox_id = database.session.execute(text("SELECT id FROM outbox WHERE job = 'checkout.refund'")).scalar_one()
    for _ in range(2):
        transactions.run(lambda: refunding.pay_refund(refund_id, outbox_id))
    assert database.session.execute(text("SELECT refunded FROM sandbox_charges")).scalar_one() == 27000
    shown = client.get(f"/api/v1/bookings/{held['reference']}?email=thandi@example.com").json
    assert shown["status"] == "refunded"


@pytest.mark.parametrize("body", [{"passengers": []}, {"passengers": [0]}, {"passengers": ["1"]}, {"who": 1}])
def test_a_bad_cancellation_changes_nothing(body: dict[str, Any], world: World, client: FlaskClient) -> None:
    held = confirmed(client, world.add_schedule().id)
    assert cancel(client, held, body).status_code == 422
    address = f"/api/v1/bookings/{held['reference']}/cancel"
    assert client.post(address, json={}).status_code == 404
    shown = client.get(f"/api/v1/bookings/{held['reference']}?email=thandi@example.com").json
    assert shown["status"] == "confirmed"


def test_money_taken_at_the_counter_goes_back_at_the_counter(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    accounts.create_user("agent@example.com", "a password of an agent", [Role.AGENT], "Agent")
    agent = bearer(accounts.sign_in("agent@example.com", "a password of an agent").token)
    world.commit()
    held = hold(client, world.add_schedule().id)
    address = f"/api/v1/bookings/{held['reference']}"
    for token in ("IOU", "eft:", "eft:" + "x" * 80):
        bad = client.post(f"{address}/payments", json={"provider": "counter", "token": token}, headers=agent)
        assert (bad.status_code, bad.json["errors"][0]["pointer"]) == (422, "/token")
    paid = client.post(f"{address}/payments", json={"provider": "counter", "token": "eft:FNB 123"}, headers=agent)
    assert (paid.status_code, paid.json["status"]) == (201, "paid")
    client.post(f"{address}/cancel", json={}, headers=agent)
    assert client.get(address, headers=agent).json["status"] == "cancelled"
    due = client.get("/api/v1/refunds?status=due", headers=agent).json["results"]
    assert [(row["booking"], row["amount"], row["paid_by"]) for row in due] == [
        (held["reference"], "270.00", "eft:FNB 123")
    ]
    paid_back = {"note": "EFT, FNB 124"}
    pay_out = f"/api/v1/refunds/{due[0]['id']}/pay-out"
    assert client.post(pay_out, json=paid_back, headers=bearer(held["manage_token"])).status_code == 401
    assert client.post(pay_out, json=paid_back, headers=agent).status_code == 204
    again = client.post(pay_out, json=paid_back, headers=agent)
    assert (again.status_code, again.json["code"]) == (409, "refund_over")
    assert client.get(address, headers=agent).json["status"] == "refunded"
