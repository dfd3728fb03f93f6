"""Reads past the session: whatever happens to them, no connection that commits by itself is left in the pool."""

from datetime import timedelta
from typing import Any, cast

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from falconbus.app import FalconBus
from falconbus.platform.caching import groups, maintenance
from falconbus.platform.database.driver_reads import driver_read
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.platform.kit.redis_connection import cache_redis
from tests.world import World

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


def _closed() -> psycopg.Connection:
    """The connection that the pool gives next, closed on our side as when the driver found it broken."""
    connection = db.engine.raw_connection()
    driver = cast(psycopg.Connection, connection.dbapi_connection)
    connection.close()
    driver.close()
    return driver


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_was_closed_is_a_fault_of_sqlalchemys_and_gone(app: FalconBus, method: str) -> None:
    with app.test_request_context("/", method=method):
        db.engine.dispose()
        if method == "POST":
            db.session.connection().connection.dbapi_connection.close()
        else:
            _closed()
        with pytest.raises(OperationalError) as raised:
            driver_read(ONE, {})
        assert raised.value.connection_invalidated
        db.session.rollback()
        assert driver_read(ONE, {})[0].one == 1


def test_a_server_that_is_not_there_is_a_fault_of_sqlalchemys(app: FalconBus) -> None:
    def refuse(*_: Any) -> None:
        raise psycopg.OperationalError("connection refused")

    with app.test_request_context("/"):
        db.engine.dispose()
        event.listen(db.engine, "do_connect", refuse)
        try:
            with pytest.raises(OperationalError):
                driver_read(ONE, {})
        finally:
            event.remove(db.engine, "do_connect", refuse)
        assert driver_read(ONE, {})[0].one == 1


def test_a_search_meanwhile_says_when_to_come_back(app: FalconBus, client: FlaskClient, world: World) -> None:
    path = f"/api/schedules?origin=A&destination=D&date={clock.now().date() + timedelta(days=2)}"
    assert client.get(path).status_code == 200
    db.session.remove()
    db.engine.dispose()
    _closed()
    cache_redis().flushdb()
    maintenance.clear(groups.registered())
    answer = client.get(path)
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.get(path).status_code == 200
