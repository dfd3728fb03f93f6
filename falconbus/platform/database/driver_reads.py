"""Driver reads: the few statements of every search and hold go straight to psycopg.

SQLAlchemy's execution and result objects cost as much as the statement itself, and so does a session that is begun and
closed for them (docs/decisions/speed.md). Its pool is used, its events are fired, so that budgets and telemetry see
these statements as all others, and its errors are raised.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import TextClause, TextualSelect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from falconbus.platform.database.engine import db
from falconbus.platform.database.session import is_reading


class _Context:
    """The execution context, on which listeners keep attributes from before to after the statement."""


def driver_read(statement: TextualSelect | TextClause, parameters: Mapping[str, Any]) -> Sequence[Any]:
    """Return the rows as named tuples; DBAPIError as from Session.execute.

    Runs in the session's transaction, or, where a request only reads and has no session yet, on a connection that goes
    back to the pool at once.
    """
    if is_reading() and not db.session().in_transaction():
        return _read_alone(statement, parameters)
    connection = db.session.connection()
    driver = cast(psycopg.Connection, connection.connection.dbapi_connection)
    try:
        with _faults_as_sqlalchemys(statement, driver):
            return _rows(connection.connection, statement, parameters)
    except DBAPIError as fault:
        if fault.connection_invalidated:
            connection.invalidate(fault)
        raise


def _read_alone(statement: TextualSelect | TextClause, parameters: Mapping[str, Any]) -> Sequence[Any]:
    with _faults_as_sqlalchemys(statement, None):
        connection = db.engine.raw_connection()
    driver = cast(psycopg.Connection, connection.dbapi_connection)
    try:
        with _faults_as_sqlalchemys(statement, driver):
            driver.autocommit = True
            rows = _rows(connection, statement, parameters)
            driver.autocommit = False
    except BaseException as fault:
        # A connection in autocommit must not return to the pool: the next transaction would be none.
        connection.invalidate(fault)
        raise
    connection.close()
    return rows


def _rows(
    connection: PoolProxiedConnection, statement: TextualSelect | TextClause, parameters: Mapping[str, Any]
) -> Sequence[Any]:
    sql, listeners = _compiled(statement), db.engine.dispatch
    event = (sql, parameters, _Context(), False)
    driver = cast(psycopg.Connection, connection.dbapi_connection)
    with driver.cursor(row_factory=namedtuple_row) as cursor:
        listeners.before_cursor_execute(connection, cursor, *event)
        cursor.execute(sql, parameters)
        rows: Sequence[Any] = cursor.fetchall()
        listeners.after_cursor_execute(connection, cursor, *event)
    return rows


@cache
def _compiled(statement: TextualSelect | TextClause) -> str:
    return str(statement.compile(dialect=PGDialect_psycopg()))  # type: ignore[no-untyped-call]


@contextmanager
def _faults_as_sqlalchemys(statement: TextualSelect | TextClause, driver: psycopg.Connection | None) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy's own, wherever on a connection they come from, or while it is made."""
    try:
        yield
    except psycopg.Error as fault:
        dialect = db.engine.dialect
        is_dead = driver is None or dialect.is_disconnect(cast(Any, fault), cast(Any, driver), None)
        raise DBAPIError.instance(
            _compiled(statement), None, fault, psycopg.Error,
            hide_parameters=True, connection_invalidated=is_dead, dialect=dialect,
        ) from fault  # fmt: skip
