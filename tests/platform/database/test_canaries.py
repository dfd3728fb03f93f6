"""What driver reads rely on inside SQLAlchemy: each test fails when a new version of it changes that."""

from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from falconbus.app import FalconBus
from falconbus.platform.database.driver_reads import driver_read
from falconbus.platform.database.engine import db

ONE = text("SELECT CAST(:number AS integer) AS one")
NAMES = ["before_cursor_execute", "after_cursor_execute"]


def heard(call: Any) -> list[tuple[str, str, dict[str, Any], bool]]:
    """What SQLAlchemy tells listeners of a statement: the event, its SQL, parameters and whether there are many."""
    told: list[tuple[str, str, dict[str, Any], bool]] = []
    contexts: set[int] = set()

    def listener(name: str) -> Any:
        def listen(_: Any, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> None:
            context.kept = name
            contexts.add(id(context))
            assert cursor.connection is not None
            told.append((name, sql, dict(parameters), many))

        return listen

    listeners = [(name, listener(name)) for name in NAMES]
    for name, listen in listeners:
        event.listen(db.engine, name, listen)
    try:
        call()
    finally:
        for name, listen in listeners:
            event.remove(db.engine, name, listen)
    assert len(contexts) == 1
    return told


def test_listeners_hear_of_a_driver_read_what_sqlalchemy_tells_them_of_its_own(app: FalconBus) -> None:
    with app.test_request_context("/", method="POST"):
        by_us = heard(lambda: driver_read(ONE, {"number": 1}))
        by_sqlalchemy = heard(lambda: db.session.execute(ONE, {"number": 1}))
        db.session.rollback()
    assert by_us == by_sqlalchemy
    assert [name for name, *_ in by_us] == NAMES


def test_rows_are_those_of_sqlalchemy(app: FalconBus) -> None:
    with app.test_request_context("/", method="POST"):
        [ours], [theirs] = driver_read(ONE, {"number": 7}), db.session.execute(ONE, {"number": 7}).all()
        db.session.rollback()
    assert (ours.one, tuple(ours), ours._fields) == (theirs.one, tuple(theirs), theirs._fields)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_errors_are_those_of_sqlalchemy(app: FalconBus, method: str) -> None:
    wrong = text("SELECT 1 / CAST(:zero AS integer)")
    faults = []
    with app.test_request_context("/", method=method):
        for call in (driver_read, db.session.execute):
            with pytest.raises(DBAPIError) as caught:
                call(wrong, {"zero": 0})
            db.session.rollback()
            faults.append(caught.value)
    ours, theirs = faults
    assert type(ours) is type(theirs)
    assert type(ours.orig) is type(theirs.orig)
    assert (ours.statement, ours.connection_invalidated, ours.hide_parameters) == (theirs.statement, False, True)


def test_a_connection_that_died_is_told_and_replaced(app: FalconBus) -> None:
    with app.test_request_context("/", method="POST"):
        with pytest.raises(OperationalError) as caught:
            driver_read(text("SELECT pg_terminate_backend(pg_backend_pid())"), {})
        assert caught.value.connection_invalidated
        db.session.rollback()
        assert driver_read(ONE, {"number": 1})[0].one == 1
        db.session.rollback()
