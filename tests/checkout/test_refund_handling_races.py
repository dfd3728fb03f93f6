"""Of two people who see to one refund at the same moment one wins, and the other is told."""

import threading
import time

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.app import FalconBus
from falconbus.payments import refunds
from falconbus.payments.models import Refund
from falconbus.platform.database.engine import db
from tests.checkout.giving_back import agent, refund_id
from tests.checkout.refund_desk import ADDRESS, audited, failed, jobs_to_do
from tests.world import World


def race(app: FalconBus, database: SQLAlchemy, number: int, actions: tuple[str, str]) -> list[tuple[int, str | None]]:
    """The answers to two agents at the same moment: both have come as far as the refund's row, which is locked."""
    answers: list[tuple[int, str | None]] = []
    staff = [agent() for _ in actions]

    def act(action: str, headers: dict[str, str]) -> None:
        address = ADDRESS.format(number=number, action=action)
        answer = app.test_client().post(address, json={"note": "as told"}, headers=headers)
        answers.append((answer.status_code, answer.json["code"] if answer.data else None))

    threads = [
        threading.Thread(target=act, args=(action, headers)) for action, headers in zip(actions, staff, strict=True)
    ]
    with database.engine.begin() as connection:
        connection.execute(text("SELECT 1 FROM refunds WHERE id = :id FOR UPDATE"), {"id": number})
        for thread in threads:
            thread.start()
        wait_for_locks(database, len(threads))
    for thread in threads:
        thread.join()
    return sorted(answers)


def wait_for_locks(database: SQLAlchemy, number: int) -> None:
    """Until so many wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with database.engine.connect() as connection:
            if connection.execute(text(waiting)).scalar_one() == number:
                return
    pytest.fail("they do not wait")


PAIRS = [("pay-out", "pay-out"), ("retry", "retry"), ("pay-out", "retry")]


@pytest.mark.parametrize("actions", PAIRS)
def test_of_two_people_at_once_one_wins_and_the_other_is_told(
    actions: tuple[str, str], world: World, client: FlaskClient, app: FalconBus, database: SQLAlchemy
) -> None:
    failed(client, world, database)
    number = refund_id(database)
    database.session.rollback()
    assert race(app, database, number, actions) == [(204, None), (409, "refund_over")]
    ((_, done, *_),) = audited(database)
    assert jobs_to_do(database) == (1 if done == "retry" else 0)


@pytest.mark.parametrize("actions", PAIRS)
def test_control_without_the_lock_both_win(
    actions: tuple[str, str],
    world: World,
    client: FlaskClient,
    app: FalconBus,
    database: SQLAlchemy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed(client, world, database)
    number = refund_id(database)
    database.session.rollback()
    monkeypatch.setattr(refunds, "lock", lambda refund_id: db.session.get_one(Refund, refund_id))
    assert race(app, database, number, actions) == [(204, None), (204, None)]
    assert len(audited(database)) == 2
