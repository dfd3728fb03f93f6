"""A week at the till: late money, money twice, other terms, half a trip, no provider, no coach."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role
from falconbus.checkout import sweeping
from falconbus.platform.database import transactions
from falconbus.platform.integrations.mail.memory import MemoryMailer
from falconbus.platform.kit import clock
from tests.accounts.signing import signed_in
from tests.calls import bearer, hold, pay
from tests.checkout.till import Till, tills
from tests.disruptions.coach import big_coach, lines, mails_to, run_jobs, shown, sold_return, value, withdraw
from tests.mailers import mailer
from tests.world import World

__all__ = ["mailer"]


@pytest.fixture
def till(database: SQLAlchemy) -> Iterator[Till]:
    with tills() as (own, _):
        yield own


def contact(name: str) -> dict[str, Any]:
    return {"contact": {"email": f"{name}@example.com", "phone": "+27 82 000 0000"}}


def later(minutes: int) -> Any:
    return time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=False)


def sweep() -> None:
    for work in (sweeping.expire_holds, sweeping.reconcile_payments, sweeping.reconcile_refunds):
        transactions.run(work)


def test_every_cent_and_every_mail_is_right(
    world: World, client: FlaskClient, database: SQLAlchemy, till: Till, mailer: MemoryMailer
) -> None:
    admin, agent = signed_in(Role.ADMIN), signed_in(Role.AGENT)
    out = big_coach(world)
    home = world.add_schedule(world.add_timetable(world.add_route("D", "A")), days=12)
    # Ann buys both ways. Then the class is made dearer to leave: her tickets stay as they were sold.
    ann = sold_return(client, out.id, home.id, **contact("ann"))
    client.patch("/api/v1/fare-classes/standard", json={"refundable": False}, headers=admin)
    token = bearer(ann["manage_token"])
    address = f"/api/v1/bookings/{ann['reference']}/cancel"
    quote = client.post(f"{address}?quote=1", json={"journeys": [2]}, headers=token).json
    assert quote == {"refund": "270.00", "fee": "30.00", "currency": "ZAR"}
    changed = client.post(address, json={"journeys": [2], "expected": {"refund": "300.00"}}, headers=token)
    assert (changed.status_code, changed.json["code"], changed.json["quote"]) == (409, "quote_changed", quote)
    left = client.post(address, json={"journeys": [2], "expected": {"refund": "270.00"}}, headers=token)
    assert (left.status_code, left.json["status"]) == (200, "confirmed")
    # Ben's money takes its time, and comes when his hold is over: he has his seat all the same.
    ben = hold(client, out.id, **contact("ben"))
    assert pay(client, ben, "slow").status_code == 202
    with later(40):
        sweep()
    assert shown(client, ben)["status"] == "confirmed"
    # Cara's provider takes the money and says nothing; she pays cash; the card's money turns up, and goes back.
    cara = hold(client, out.id, **contact("cara"))
    till.loses_answers = True
    assert pay(client, cara).status_code == 502
    till.loses_answers, till.is_down = False, True
    cash = {"provider": "counter", "token": "cash"}
    pays = f"/api/v1/bookings/{cara['reference']}/payments"
    assert client.post(pays, json=cash, headers=agent).status_code == 201
    # Dan finds the provider down, and nothing is taken: he may cancel, and owes nothing.
    dan = hold(client, out.id, **contact("dan"))
    assert pay(client, dan).status_code == 502
    gone = client.post(f"/api/v1/bookings/{dan['reference']}/cancel", headers=bearer(dan["manage_token"]))
    assert (gone.status_code, gone.json["refund"]) == (200, "0.00")
    till.is_down = False
    with later(60):
        sweep()
    # The coach does not run: all who have a ticket for it get all of it back.
    assert withdraw(client, admin, out).status_code == 200
    run_jobs(database, "checkout.refund")
    run_jobs(database, "messaging.send_mail")
    # Slow money goes back slowly, too: it is asked after.
    with later(20):
        sweep()
        run_jobs(database, "checkout.refund")
    owed = lines(
        database,
        "SELECT substr(b.email, 1, strpos(b.email, '@') - 1), r.reason, r.amount, p.provider, r.status FROM refunds r"
        " JOIN payments p ON p.id = r.payment_id JOIN bookings b ON b.id = p.booking_id ORDER BY r.id",
    )
    assert sorted(owed) == [
        ("ann", "cancelled", 27000, "sandbox", "done"),
        ("ann", "departure_cancelled", 30000, "sandbox", "done"),
        ("ben", "departure_cancelled", 30000, "sandbox", "done"),
        ("cara", "departure_cancelled", 30000, "counter", "due"),
        ("cara", "paid_twice", 30000, "sandbox", "done"),
    ]
    kept = value(database, "SELECT sum(amount - refunded) FROM sandbox_charges")
    assert kept == 3000, "the fee of Ann's way home, and nothing else"
    assert value(database, "SELECT count(*) FROM seat_claims") == 0
    assert [shown(client, held)["status"] for held in (ann, ben, cara, dan)] == [
        "refunded",
        "refunded",
        "cancelled",
        "cancelled",
    ]
    assert mails_to(database, ann) == ["booking.confirmation", "booking.cancellation", "departure.cancelled"]
    assert mails_to(database, ben) == ["booking.confirmation", "departure.cancelled"]
    assert mails_to(database, cara) == ["booking.confirmation", "booking.payment_returned", "departure.cancelled"]
    assert mails_to(database, dan) == []
    assert len({message["Message-ID"] for message in mailer.sent}) == len(mailer.sent)
