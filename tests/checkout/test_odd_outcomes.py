"""Late money for seats that the bus has no more, and one payment that nothing can be made of."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.checkout import sweeping
from falconbus.network.models import SeatLayout
from falconbus.platform.database import transactions
from falconbus.platform.integrations.payments.provider import ChargeStatus, NonsensicalOutcome, Outcome
from falconbus.platform.kit import clock
from tests.accounts.signing import signed_in
from tests.calls import bearer, hold
from tests.checkout.till import Till, tills
from tests.world import World


@pytest.fixture
def till(database: SQLAlchemy) -> Iterator[Till]:
    with tills() as (own, _):
        yield own


def pay(client: FlaskClient, held: dict[str, Any], token: str = "ok") -> Any:
    address = f"/api/v1/bookings/{held['reference']}/payments"
    return client.post(address, json={"provider": "sandbox", "token": token}, headers=bearer(held["manage_token"]))


def value(database: SQLAlchemy, query: str) -> Any:
    database.session.rollback()
    found = database.session.execute(text(query)).scalar()
    database.session.rollback()
    return found


def smaller_layout(database: SQLAlchemy, *, in_class: str) -> SeatLayout:
    """A layout with seat 1 alone, in a class."""
    layout = SeatLayout(code="tiny", name="Tiny", capacity=1)
    database.session.add(layout)
    database.session.flush()
    database.session.execute(
        text("""
            INSERT INTO seats (layout_id, number, "row", "column", fare_class_id)
            SELECT :layout, '1', 1, 1, id FROM fare_classes WHERE code = :code
        """),
        {"layout": layout.id, "code": in_class},
    )
    return layout


@pytest.mark.parametrize(("seat", "in_class"), [("7", "standard"), ("1", "comfort")])
def test_late_money_buys_no_seat_that_the_bus_of_now_has_not(
    seat: str, in_class: str, world: World, client: FlaskClient, database: SQLAlchemy, till: Till
) -> None:
    schedule = world.add_schedule()
    held = hold(client, schedule.id, fare_class="standard")
    database.session.execute(text("UPDATE tickets SET seat_number = :seat"), {"seat": seat})
    database.session.execute(text("UPDATE seat_claims SET seat_number = :seat"), {"seat": seat})
    bus = world.add_bus("TINY", smaller_layout(database, in_class=in_class))
    database.session.commit()
    assert pay(client, held, "slow").status_code == 202
    with time_machine.travel(clock.now() + timedelta(minutes=40), tick=False):
        transactions.run(sweeping.expire_holds)
        changed = client.patch(
            f"/api/v1/schedules/{schedule.id}", json={"bus_id": bus.id}, headers=signed_in(Role.OPERATOR)
        )
        assert changed.status_code == 200, changed.json
        transactions.run(sweeping.reconcile_payments)
    assert value(database, "SELECT status FROM bookings") == "expired"
    assert value(database, "SELECT reason FROM refunds") == "too_late"
    assert value(database, "SELECT count(*) FROM seat_claims") == 0


def test_a_payment_that_nothing_can_be_made_of_stops_no_other(
    world: World, client: FlaskClient, database: SQLAlchemy, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned, sound = (hold(client, world.add_schedule(days=4 + number).id) for number in range(2))
    keys = [pay(client, held, "slow").json["payment_id"] for held in (poisoned, sound)]
    genuine = till.find

    def find(key: str) -> Outcome | None:
        if key == keys[0]:
            raise ZeroDivisionError("a bug of the provider's")
        return genuine(key)

    monkeypatch.setattr(till, "find", find)
    with time_machine.travel(clock.now() + timedelta(minutes=2), tick=False):
        transactions.run(sweeping.reconcile_payments)
    database.session.rollback()
    rows = database.session.execute(text("SELECT key, status FROM payments")).all()
    assert {row.key: row.status for row in rows} == {keys[0]: "unresolved", keys[1]: "paid"}


@pytest.mark.parametrize(
    "nonsense", [{"amount": -1}, {"amount": 2**63}, {"currency": "RANDS"}, {"reference": "x" * 201}]
)
def test_an_outcome_that_cannot_be_is_the_providers_fault(nonsense: dict[str, Any]) -> None:
    with pytest.raises(NonsensicalOutcome):
        Outcome(ChargeStatus.PAID, **nonsense)


def test_a_key_alone_replays_nothing(world: World, client: FlaskClient) -> None:
    held = hold(client, world.add_schedule().id)
    address, key = f"/api/v1/bookings/{held['reference']}/cancel", {"Idempotency-Key": uuid4().hex}
    assert client.post(address, json={}, headers={**bearer(held["manage_token"]), **key}).status_code == 200
    stranger = client.post(address, json={}, headers=key)
    assert (stranger.status_code, stranger.json["code"]) == (422, "idempotency_key_reused")
    assert "contact" not in stranger.text


def test_a_refunded_booking_still_leaves_calendars(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = hold(client, world.add_schedule().id)
    assert pay(client, held).status_code == 201
    token = bearer(held["manage_token"])
    client.post(f"/api/v1/bookings/{held['reference']}/cancel", json={}, headers=token)
    database.session.execute(text("UPDATE bookings SET status = 'refunded'"))
    database.session.commit()
    calendar = client.get(f"/api/v1/bookings/{held['reference']}/calendar.ics", headers=token)
    assert (calendar.status_code, "METHOD:CANCEL" in calendar.text) == (200, True)
