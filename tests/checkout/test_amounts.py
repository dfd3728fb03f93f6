"""What was taken is compared with the price, and a booking bears how its payment stands."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests.calls import hold
from tests.checkout.attempts import cancel, column, mails, other, owed, pay, show, statuses, tell, till
from tests.checkout.till import Till
from tests.world import World

__all__ = ["other", "till"]


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
