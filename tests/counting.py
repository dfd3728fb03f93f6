"""Counts the statements that a piece of work sends to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from falconbus.platform.database.engine import db


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements sent while the block runs; print them when there are too many."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        # Read once a process until it changes; how often a test reads it depends on what the one before has changed.
        if "FROM brand" not in statement:
            seen.append(statement)

    engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
