"""One connection a thread: nothing is cheaper."""

import os
import threading

import psycopg
from psycopg.rows import TupleRow

_local = threading.local()


def connection() -> psycopg.Connection[TupleRow]:
    """This thread's connection; a statement outside a transaction is one of its own."""
    found: psycopg.Connection[TupleRow] | None = getattr(_local, "connection", None)
    if found is None:
        found = _local.connection = psycopg.connect(
            os.environ["DATABASE_URL"], autocommit=True, options="-c timezone=UTC"
        )
    return found
