"""Whoever let a hold run out is told so when that is all there is to tell: nothing paid, nothing on its way."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.app import FalconBus
from falconbus.bookings import service as bookings
from falconbus.bookings.models import Booking
from falconbus.checkout import settling, sweeping
from falconbus.messaging.mail_kinds import CONFIRMATION, HOLD_EXPIRED
from falconbus.payments import service as payments
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.integrations.payments.provider import ChargeStatus, Outcome
from falconbus.platform.kit import clock
from tests.bookings.test_races import wait_for_a_lock
from tests.calls import bearer, hold, pay
from tests.checkout.test_paying import one, run_out, states
from tests.checkout.trips import cancel, held_return
from tests.world import World
from tests.written import written


def told(database: SQLAlchemy, held: dict[str, Any]) -> list[str]:
    """The kinds of the booking's mails."""
    return states(database, held["reference"])[2]


def expire(database: SQLAlchemy, held: dict[str, Any]) -> None:
    run_out(database, held["reference"])
    transactions.run(sweeping.expire_holds)
    assert states(database, held["reference"])[0] == "expired"


def end(database: SQLAlchemy, key: str, status: ChargeStatus) -> None:
    """Let the provider tell how a payment ended."""
    payment_id = one(database, "SELECT id FROM payments WHERE key = :key", key=key)
    transactions.run(lambda: settling.settle(payment_id, Outcome(status)))


def test_while_a_payment_is_under_way_nobody_is_told_to_book_again(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    schedule = world.add_schedule()
    held, other = hold(client, schedule.id), hold(client, schedule.id)
    key = pay(client, held, "slow").json["payment_id"]
    _change_contact(database, other)
    for each in (held, other):
        expire(database, each)
    assert (told(database, held), told(database, other)) == ([], ["hold_expired"])
    end(database, key, ChargeStatus.DECLINED)
    end(database, key, ChargeStatus.DECLINED)
    assert told(database, held) == ["hold_expired"]


def _change_contact(database: SQLAlchemy, held: dict[str, Any], email: str = "other@example.com") -> None:
    change = "UPDATE bookings SET email = :email WHERE reference = :reference"
    database.session.execute(text(change), {"email": email, "reference": held["reference"]})
    database.session.commit()


def test_money_that_comes_after_all_is_the_only_news(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = hold(client, world.add_schedule().id)
    key = pay(client, held, "slow").json["payment_id"]
    expire(database, held)
    end(database, key, ChargeStatus.PAID)
    assert told(database, held) == ["confirmation"]


def test_a_payment_of_which_nothing_is_heard_ends_with_the_notice(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = hold(client, world.add_schedule().id)
    _begin_to_pay(database, held)
    expire(database, held)
    assert told(database, held) == []
    with time_machine.travel(clock.now() + timedelta(minutes=2), tick=False):
        assert transactions.run(sweeping.reconcile_payments) == 1
    assert (states(database, held["reference"])[1], told(database, held)) == (["failed"], ["hold_expired"])


def _begin_to_pay(database: SQLAlchemy, held: dict[str, Any]) -> None:
    """An attempt of which the provider has never heard, as a crash leaves it."""
    booking_id = one(database, "SELECT id FROM bookings WHERE reference = :r", r=held["reference"])
    payments.open_attempt(booking_id, "sandbox", 30000, "ZAR")
    transactions.commit()


def test_a_payment_that_ends_while_the_hold_is_being_ended_is_told_of(
    world: World, app: FalconBus, client: FlaskClient, database: SQLAlchemy
) -> None:
    assert _race_with_the_sweep(world, app, client, database) == ["hold_expired"]


def test_control_without_the_bookings_lock_nobody_is_told(
    world: World, app: FalconBus, client: FlaskClient, database: SQLAlchemy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bookings, "lock", lambda booking_id: db.session.get_one(Booking, booking_id))
    assert _race_with_the_sweep(world, app, client, database, waits=False) == []


def _race_with_the_sweep(
    world: World, app: FalconBus, client: FlaskClient, database: SQLAlchemy, *, waits: bool = True
) -> list[str]:
    """The sweep has seen the open payment, and commits after the reconciler has looked; the mails that come of it."""
    held = hold(client, world.add_schedule().id)
    _begin_to_pay(database, held)

    def reconcile() -> None:
        with app.app_context(), time_machine.travel(clock.now() + timedelta(minutes=2), tick=False):
            transactions.run(sweeping.reconcile_payments)

    reconciling = threading.Thread(target=reconcile)
    with database.engine.begin() as sweep:
        sweep.execute(text("SELECT FROM bookings WHERE reference = :r FOR UPDATE"), {"r": held["reference"]})
        reconciling.start()
        wait_for_a_lock(database) if waits else reconciling.join()
        sweep.execute(text("UPDATE bookings SET status = 'expired' WHERE reference = :r"), {"r": held["reference"]})
    reconciling.join()
    return told(database, held)


def test_who_has_paid_for_the_same_trip_hears_nothing_of_a_hold_left_behind(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    schedule = world.add_schedule()
    left, paid = hold(client, schedule.id), hold(client, schedule.id, passengers=2)
    assert pay(client, paid).status_code == 201
    expire(database, left)
    assert (told(database, left), told(database, paid)) == ([], ["confirmation"])


def test_who_is_paying_for_the_same_trip_hears_how_that_ends(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    schedule = world.add_schedule()
    left, paying = hold(client, schedule.id), hold(client, schedule.id)
    key = pay(client, paying, "slow").json["payment_id"]
    expire(database, paying)
    expire(database, left)
    assert (told(database, left), told(database, paying)) == ([], [])
    end(database, key, ChargeStatus.DECLINED)
    assert told(database, paying) == ["hold_expired"]


def _other_address(world: World, client: FlaskClient, database: SQLAlchemy, paid: dict[str, Any]) -> None:
    _change_contact(database, paid)


def _gave_it_up(world: World, client: FlaskClient, database: SQLAlchemy, paid: dict[str, Any]) -> None:
    assert cancel(client, paid).status_code == 200


def _other_stop(world: World, client: FlaskClient, database: SQLAlchemy, paid: dict[str, Any]) -> None:
    change = "UPDATE journeys SET destination_id = :stop WHERE booking_id = (SELECT max(id) FROM bookings)"
    database.session.execute(text(change), {"stop": world.stops["C"].id})
    database.session.commit()


def _other_departure(world: World, client: FlaskClient, database: SQLAlchemy, paid: dict[str, Any]) -> None:
    change = "UPDATE journeys SET schedule_id = :other WHERE booking_id = (SELECT max(id) FROM bookings)"
    database.session.execute(text(change), {"other": world.add_schedule(days=8).id})
    database.session.commit()


@pytest.mark.parametrize("differ", [_other_address, _gave_it_up, _other_stop, _other_departure])
def test_another_trip_says_nothing_of_this_one(
    differ: Callable[..., None], world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    schedule = world.add_schedule()
    left, paid = hold(client, schedule.id), hold(client, schedule.id)
    assert pay(client, paid).status_code == 201
    differ(world, client, database, paid)
    expire(database, left)
    assert told(database, left) == ["hold_expired"]


def test_half_of_a_trip_paid_elsewhere_is_not_all_of_it(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    left = held_return(world, client)
    there, back = (hold(client, ride["schedule_id"], ride["origin"], ride["destination"]) for ride in left["journeys"])
    assert pay(client, there).status_code == 201
    expire(database, back)
    expire(database, left)
    assert told(database, left) == ["hold_expired"]


def test_what_was_given_up_of_a_hold_is_not_waited_for(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    left = held_return(world, client)
    ride = left["journeys"][0]
    assert pay(client, hold(client, ride["schedule_id"])).status_code == 201
    assert cancel(client, left, {"journeys": [2]}).status_code == 200
    expire(database, left)
    assert told(database, left) == []


def test_a_notice_that_no_longer_holds_when_it_is_written_does_not_go(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    """Money may come, late and unasked for, between the telling and the writing."""
    held = hold(client, world.add_schedule().id)
    key = pay(client, held, "slow").json["payment_id"]
    end(database, key, ChargeStatus.DECLINED)
    expire(database, held)
    booking_id = one(database, "SELECT id FROM bookings")
    assert written(HOLD_EXPIRED, booking_id) is not None
    assert written(CONFIRMATION, booking_id) is None
    end(database, key, ChargeStatus.PAID)
    assert written(HOLD_EXPIRED, booking_id) is None
    assert written(CONFIRMATION, booking_id) is not None


def test_a_hold_in_payment_that_ran_out_is_not_said_to_need_a_new_booking(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = hold(client, world.add_schedule().id)
    assert pay(client, held, "slow").status_code == 202
    expire(database, held)
    refused = client.post(f"/api/v1/bookings/{held['reference']}/cancel", headers=bearer(held["manage_token"]))
    assert (refused.status_code, refused.json["code"]) == (409, "payment_in_progress")
