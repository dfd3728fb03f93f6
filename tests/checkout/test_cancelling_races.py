"""Cancelling the same things at once pays them back once; without the booking's lock it pays twice."""

import threading
from collections import Counter
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.app import FalconBus
from falconbus.bookings import service as bookings
from tests.checkout.trips import cancel, claimed, paid_return, refunds
from tests.world import World

FARE_BACK = 27000


def race(app: FalconBus, held: dict[str, Any], bodies: list[dict[str, Any]]) -> Counter[str]:
    """Send all cancellations at once; how often each answer came."""
    answers: list[str] = []
    together = threading.Barrier(len(bodies))

    def send(body: dict[str, Any]) -> None:
        together.wait()
        answer = cancel(app.test_client(), held, body)
        answers.append("done" if answer.status_code == 200 else answer.json["code"])

    threads = [threading.Thread(target=send, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(answers)


def test_all_of_a_booking_is_cancelled_once(
    world: World, app: FalconBus, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = paid_return(world, client, "adult", "adult")
    assert race(app, held, [{}] * 8) == {"done": 1, "booking_over": 7}
    assert (refunds(database), claimed(database, held)) == ([4 * FARE_BACK], [])


CROSSWISE: list[dict[str, Any]] = [{"journeys": [1]}, {"passengers": [1]}]


def test_a_journey_and_a_passenger_at_once_pay_each_ticket_back_once(
    world: World, app: FalconBus, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = paid_return(world, client, "adult", "adult")
    assert race(app, held, CROSSWISE) == {"done": 2}
    assert sum(refunds(database)) == 3 * FARE_BACK
    assert [row[0] for row in claimed(database, held)] == [held["journeys"][1]["schedule_id"]]
    assert cancel(client, held).json["refund"] == "1080.00"


def test_pinned_to_the_same_quote_the_second_is_refused(
    world: World, app: FalconBus, client: FlaskClient, database: SQLAlchemy
) -> None:
    """Each was shown the amount of two tickets, of which the other takes one away."""
    held = paid_return(world, client, "adult", "adult")
    expected = {"refund": "540.00", "fee": "60.00"}
    assert race(app, held, [{**body, "expected": expected} for body in CROSSWISE]) == {"done": 1, "quote_changed": 1}
    assert refunds(database) == [2 * FARE_BACK]


def test_control_without_the_lock_a_ticket_is_paid_back_twice(
    world: World, app: FalconBus, client: FlaskClient, database: SQLAlchemy, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = paid_return(world, client, "adult", "adult")
    both_have_counted = threading.Barrier(2)
    quote = bookings.quote_cancellation

    def quote_together(*arguments: Any, **named: Any) -> bookings.Cancellation:
        counted = quote(*arguments, **named)
        both_have_counted.wait(10)
        return counted

    monkeypatch.setattr(bookings, "lock_changeable", bookings.load_visible)
    monkeypatch.setattr(bookings, "quote_cancellation", quote_together)
    assert race(app, held, CROSSWISE) == {"done": 2}
    assert sum(refunds(database)) == 4 * FARE_BACK
