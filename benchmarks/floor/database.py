"""The floor's database access: one connection a thread, the cheapest there is."""

import os
import threading

import psycopg
from psycopg.rows import TupleRow

# Planning a search anew takes several times as long as running it: a prepared statement keeps its first general plan.
_OPTIONS = "-c timezone=UTC -c plan_cache_mode=force_generic_plan"
_local = threading.local()


def connection() -> psycopg.Connection[TupleRow]:
    """Return this thread's connection, in autocommit."""
    own: psycopg.Connection[TupleRow] | None = getattr(_local, "connection", None)
    if own is None:
        own = _local.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, options=_OPTIONS)
    return own
