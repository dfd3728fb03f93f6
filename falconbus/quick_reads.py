"""The few reads that every search and hold makes: straight to psycopg, in the session's transaction.

SQLAlchemy's execution and result objects cost as much as the statement itself (docs/decisions/speed.md). Its events are
kept, so that budgets and telemetry see these statements as all others, and so are its errors.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, TextClause, TextualSelect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError

from falconbus.extensions import db


class _Context:
    """Where listeners put what they want to find again when the statement is done."""


def quick_read(statement: TextualSelect | TextClause, parameters: Mapping[str, Any]) -> Sequence[Any]:
    """The rows, as named tuples; DBAPIError as from Session.execute."""
    connection = db.session.connection()
    sql = _compiled(statement)
    event = (sql, parameters, _Context(), False)
    driver = cast(psycopg.Connection, connection.connection)
    with driver.cursor(row_factory=namedtuple_row) as cursor:
        connection.dispatch.before_cursor_execute(connection, cursor, *event)
        try:
            cursor.execute(sql, parameters)
            rows: Sequence[Any] = cursor.fetchall()
        except psycopg.Error as fault:
            raise _as_sqlalchemy(connection, cursor, sql, fault) from fault
        connection.dispatch.after_cursor_execute(connection, cursor, *event)
    return rows


@cache
def _compiled(statement: TextualSelect | TextClause) -> str:
    return str(statement.compile(dialect=PGDialect_psycopg()))  # type: ignore[no-untyped-call]


def _as_sqlalchemy(connection: Connection, cursor: Any, sql: str, fault: psycopg.Error) -> BaseException:
    driver: Any = connection.connection.dbapi_connection
    is_dead = connection.dialect.is_disconnect(cast(Any, fault), driver, cursor)
    error = DBAPIError.instance(
        sql,
        None,
        fault,
        psycopg.Error,
        hide_parameters=True,
        connection_invalidated=is_dead,
        dialect=connection.dialect,
    )
    if is_dead:
        connection.invalidate(fault)
    return error
