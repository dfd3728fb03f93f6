"""Corrections at the same moment happen one after the other; without the booking's lock one is lost."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.bookings import policy
from falconbus.bookings import service as bookings
from falconbus.platform.database.engine import db
from tests.accounts.signing import signed_in
from tests.calls import bearer
from tests.checkout.test_correcting import patch
from tests.checkout.trips import cancel, paid_return
from tests.disruptions.coach import value
from tests.world import World


def together(*calls: Callable[[], Any]) -> list[int]:
    """The answers' statuses, of calls that begin at the same moment."""
    statuses: list[int] = []
    begin = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> None:
        begin.wait()
        statuses.append(call().status_code)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(statuses)


def test_of_two_addresses_both_are_taken_in_turn_and_only_the_last_link_holds(
    world: World, app: FalconBus, client: FlaskClient, database: SQLAlchemy
) -> None:
    held, agent = paid_return(world, client), signed_in(Role.AGENT)
    addresses = [f"{name}@example.com" for name in "abcd"]
    calls = [lambda address=address: patch(app.test_client(), held, agent, email=address) for address in addresses]
    assert together(*calls) == [200] * 4
    assert value(database, "SELECT link_version FROM bookings") == 5
    assert value(database, "SELECT m.recipient = b.email AND m.edition = 5 FROM mails m, bookings b") is True


def test_a_traveller_corrects_a_name_once(
    world: World, app: FalconBus, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = paid_return(world, client)
    token = bearer(held["manage_token"])
    calls = [
        lambda name=name: patch(app.test_client(), held, token, "/passengers/1", name=name)
        for name in ("Tandi 1", "Thandy 1")
    ]
    assert together(*calls) == [200, 409]


def test_control_without_the_lock_a_traveller_corrects_it_twice(
    world: World, app: FalconBus, client: FlaskClient, database: SQLAlchemy, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = paid_return(world, client)
    token = bearer(held["manage_token"])
    both_have_looked = threading.Barrier(2)
    check = policy.is_correction

    def look_together(old: str, new: str) -> bool:
        both_have_looked.wait(10)
        return check(old, new)

    monkeypatch.setattr(bookings, "lock_changeable", bookings.load_visible)
    monkeypatch.setattr(policy, "is_correction", look_together)
    calls = [
        lambda name=name: patch(app.test_client(), held, token, "/passengers/1", name=name)
        for name in ("Tandi 1", "Thandy 1")
    ]
    assert together(*calls) == [200, 200]


def test_a_correction_beside_a_cancellation_comes_before_it_or_is_refused(
    world: World, app: FalconBus, client: FlaskClient, database: SQLAlchemy
) -> None:
    held, agent = paid_return(world, client), signed_in(Role.AGENT)
    statuses = together(
        lambda: cancel(app.test_client(), held),
        lambda: patch(app.test_client(), held, agent, "/passengers/1", name="Sipho"),
    )
    is_corrected = value(database, "SELECT revision FROM passengers") == 1
    assert statuses == ([200, 200] if is_corrected else [200, 409])
    assert value(database, "SELECT status FROM bookings") == "cancelled"
    db.session.rollback()
