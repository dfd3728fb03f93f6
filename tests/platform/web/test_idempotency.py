"""Idempotency-Key: the same request twice is one booking, whatever happens in between."""

import threading
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.app import FalconBus
from tests.calls import bearer, booking_body, hold
from tests.world import World

KEY = {"Idempotency-Key": "a-key-of-sixteen-or-more"}


def test_the_same_key_and_body_replays_the_first_answer(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    body = booking_body(world.add_schedule().id)
    first = client.post("/api/v1/bookings", json=body, headers=KEY)
    again = client.post("/api/v1/bookings", json=body, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    assert again.headers["Idempotency-Replayed"] == "true"
    assert database.session.execute(text("SELECT count(*) FROM bookings")).scalar_one() == 1


def test_the_same_key_with_another_body_or_address_is_refused(world: World, client: FlaskClient) -> None:
    schedule = world.add_schedule()
    held = client.post("/api/v1/bookings", json=booking_body(schedule.id), headers=KEY).json
    other = client.post("/api/v1/bookings", json=booking_body(schedule.id, passengers=2), headers=KEY)
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    elsewhere = client.post(
        f"/api/v1/bookings/{held['reference']}/payments",
        json={"provider": "sandbox", "token": "ok"},
        headers={**KEY, **bearer(held["manage_token"])},
    )
    assert (elsewhere.status_code, elsewhere.json["code"]) == (422, "idempotency_key_reused")


def test_somebody_elses_key_is_another_key(world: World, client: FlaskClient) -> None:
    body = booking_body(world.add_schedule().id)
    mine = client.post("/api/v1/bookings", json=body, headers=KEY, environ_base={"REMOTE_ADDR": "192.0.2.1"}).json
    theirs = client.post("/api/v1/bookings", json=body, headers=KEY, environ_base={"REMOTE_ADDR": "192.0.2.2"}).json
    assert mine["reference"] != theirs["reference"]


@pytest.mark.parametrize("key", ["short", "x" * 256, "with a \x7f control character", ""])
def test_a_bad_key_is_malformed(key: str, world: World, client: FlaskClient) -> None:
    answer = client.post(
        "/api/v1/bookings", json=booking_body(world.add_schedule().id), headers={"Idempotency-Key": key}
    )
    assert (answer.status_code, answer.json["code"]) == (400, "bad_idempotency_key")


def test_a_refused_request_keeps_nothing(world: World, client: FlaskClient) -> None:
    schedule = world.add_schedule()
    taken = hold(client, schedule.id, seats=["7"])
    body = booking_body(schedule.id, seats=["7"])
    assert client.post("/api/v1/bookings", json=body, headers=KEY).status_code == 409
    client.post(f"/api/v1/bookings/{taken['reference']}/cancel", json={}, headers=bearer(taken["manage_token"]))
    assert client.post("/api/v1/bookings", json=body, headers=KEY).status_code == 201


def test_a_declined_payment_is_replayed_and_not_asked_for_again(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = hold(client, world.add_schedule().id)
    for _ in range(2):
        answer = client.post(
            f"/api/v1/bookings/{held['reference']}/payments",
            json={"provider": "sandbox", "token": "declined"},
            headers={**KEY, **bearer(held["manage_token"])},
        )
        assert (answer.status_code, answer.json["code"]) == (402, "payment_declined")
    assert database.session.execute(text("SELECT count(*) FROM payments")).scalar_one() == 1


def test_twins_at_the_same_moment_make_one_booking(world: World, app: FalconBus, database: SQLAlchemy) -> None:
    body = booking_body(world.add_schedule().id)
    answers: list[Any] = []
    together = threading.Barrier(8)

    def send() -> None:
        together.wait()
        answers.append(app.test_client().post("/api/v1/bookings", json=body, headers=KEY))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json["code"] for answer in answers if answer.status_code == 409} <= {"request_in_progress"}
    assert len({answer.json["reference"] for answer in answers if answer.status_code == 201}) == 1
    assert database.session.execute(text("SELECT count(*) FROM bookings")).scalar_one() == 1
