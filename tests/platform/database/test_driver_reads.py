"""Reads past the session: whatever happens to them, no connection that commits by itself is left in the pool."""

from typing import Any, cast

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from falconbus.app import FalconBus
from falconbus.platform.database.driver_reads import driver_read
from falconbus.platform.database.engine import db

ONE = text("SELECT 1 AS one")


def commits_by_itself() -> bool:
    """What the next one to take a connection out of the pool gets."""
    connection = db.engine.raw_connection()
    try:
        return cast(psycopg.Connection, connection.dbapi_connection).autocommit
    finally:
        connection.close()


def test_a_read_alone_gives_its_connection_back_as_it_was(app: FalconBus) -> None:
    with app.test_request_context("/"):
        assert driver_read(ONE, {})[0].one == 1
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        assert not commits_by_itself()


def test_a_statement_that_fails_leaves_no_such_connection(app: FalconBus) -> None:
    with app.test_request_context("/"):
        with pytest.raises(DBAPIError):
            driver_read(text("SELECT 1 / :zero"), {"zero": 0})
        assert not commits_by_itself()


def test_a_fault_of_our_own_leaves_none_either(app: FalconBus) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a listener's fault")

    with app.test_request_context("/"):
        event.listen(db.engine, "after_cursor_execute", fail)
        try:
            with pytest.raises(RuntimeError):
                driver_read(ONE, {})
        finally:
            event.remove(db.engine, "after_cursor_execute", fail)
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        assert not commits_by_itself()


def test_within_a_transaction_it_is_read_what_the_transaction_wrote(app: FalconBus) -> None:
    with app.test_request_context("/", method="POST"):
        db.session.execute(text("CREATE TEMPORARY TABLE written ON COMMIT DROP AS SELECT 7 AS seven"))
        assert driver_read(text("SELECT seven FROM written"), {})[0].seven == 7
        db.session.rollback()
