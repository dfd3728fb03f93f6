"""A key has its first answer, whatever became of the process that began."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests.calls import hold
from tests.checkout.attempts import agent, key, kill, pay, pay_cash, reconcile_later, statuses, tell, till
from tests.checkout.till import Killed, Till
from tests.world import World

__all__ = ["agent", "till"]


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
