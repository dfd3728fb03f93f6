"""A provider that refuses refunds, and what the staff see of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from tests.checkout.doubles import UnreliableSandbox, unreliable_sandbox
from tests.checkout.giving_back import agent, cancelled, state, work
from tests.world import World

ADDRESS = "/api/v1/refunds/{number}/{action}"


@pytest.fixture
def provider(database: SQLAlchemy) -> Iterator[UnreliableSandbox]:
    """The app's sandbox, which the test can take down."""
    with unreliable_sandbox() as double:
        yield double


def failed(client: FlaskClient, world: World, database: SQLAlchemy) -> str:
    """The reference of a cancelled booking whose refund the provider has refused: its charge was gone."""
    reference = cancelled(client, world)
    set_charges(database, "refunded = amount")
    assert work(database) == 1
    assert state(database, reference)[0] == "failed"
    return reference


def set_charges(database: SQLAlchemy, values: str) -> None:
    database.session.execute(text(f"UPDATE sandbox_charges SET {values}"))
    database.session.commit()


def row(client: FlaskClient, status: str) -> dict[str, Any]:
    """The one refund that staff see under a status."""
    (only,) = client.get(f"/api/v1/refunds?status={status}", headers=agent()).json["results"]
    shown: dict[str, Any] = only
    return shown


def audited(database: SQLAlchemy) -> list[tuple[Any, ...]]:
    """Who did what to refunds, and why."""
    database.session.rollback()
    found = database.session.execute(
        text(
            "SELECT users.email, action, subject_id, details ->> 'note', details #>> '{before,status}' FROM audit_log"
            " LEFT JOIN users ON users.id = user_id WHERE subject = 'refunds' ORDER BY audit_log.id"
        )
    )
    return [tuple(entry) for entry in found]


def jobs_to_do(database: SQLAlchemy) -> int:
    database.session.rollback()
    left = "SELECT count(*) FROM outbox WHERE job = 'checkout.refund' AND done_at IS NULL AND failed_at IS NULL"
    return int(database.session.execute(text(left)).scalar_one())
