"""Access to the current transaction: SQL text with named parameters, and psycopg's cursor for COPY."""

from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import CursorResult, text

from falconbus.platform.database.engine import db


def execute(statement: str, **parameters: Any) -> CursorResult[Any]:
    """Run one statement in the session's transaction."""
    return cast(CursorResult[Any], db.session.execute(text(statement), parameters))


def raw_cursor() -> psycopg.Cursor[Any]:
    """Return psycopg's own cursor on the same connection and transaction."""
    connection = cast(psycopg.Connection[Any], db.session.connection().connection.driver_connection)
    return connection.cursor()


def copy_rows(table: str, columns: tuple[str, ...], rows: Any) -> None:
    """Write rows into a table with COPY."""
    target = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), target)
    with raw_cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def analyze(*tables: str) -> None:
    """Update the planner's statistics: autovacuum does not see temporary tables."""
    with raw_cursor() as cursor:
        for table in tables:
            cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
