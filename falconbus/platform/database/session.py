"""Sessions: requests that only read run in autocommit, and dead connections are replaced."""

import re
import time
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import flask_sqlalchemy.session
from flask import has_request_context, request
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

#: A connection that was idle for longer is pinged; a busy one is trusted, which saves a round trip.
TRUSTED_SECONDS = 2.0
_READS = frozenset({"GET", "HEAD"})
_READ = re.compile(r"\s*(?:SELECT|WITH|EXPLAIN|SHOW|VALUES)\b")
_CHANGE = re.compile(
    r"\b(?:INSERT INTO|UPDATE \w|DELETE FROM|MERGE INTO|FOR (?:NO KEY )?UPDATE|FOR (?:KEY )?SHARE"
    r"|pg_(?:try_)?advisory_xact_lock|set_config|nextval|setval)\b"
)
_readers: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()


def is_reading() -> bool:
    """Return whether the present request is one that only reads."""
    return has_request_context() and request.method in _READS


class ChangeInRead(Exception):
    """A request that only reads would lock or change rows: a lock would hold nothing, a change commit at once."""


class Session(flask_sqlalchemy.session.Session):
    """A session in which requests that only read have no transaction: each statement sees what is committed."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Any:
        engine = super().get_bind(*args, **kwargs)
        if not (is_reading() and isinstance(engine, Engine)):
            return engine
        if engine not in _readers:
            _readers[engine] = engine.execution_options(isolation_level="AUTOCOMMIT")
        return _readers[engine]

    def commit(self) -> None:
        """Commit, unless the request only reads: its connection goes back when its context ends."""
        if not is_reading() or self.new or self.dirty or self.deleted:
            super().commit()

    def end_reading(self) -> None:
        """End the transaction, in requests that only read too: their connection goes back at once."""
        if self.new or self.dirty or self.deleted:
            raise ChangeInRead
        super().commit()


@lru_cache(maxsize=4096)
def is_read(statement: str) -> bool:
    """Return whether a statement neither changes nor locks a row, nor sets anything for the transaction."""
    return _READ.match(statement) is not None and _CHANGE.search(statement) is None


def watch_connections(engine: Engine) -> None:
    """Replace connections that died while idle; refuse changes in requests that only read."""

    @event.listens_for(engine, "before_cursor_execute")
    def refuse(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if is_reading() and not is_read(statement):
            raise ChangeInRead(statement)

    @event.listens_for(engine, "checkin")
    def note(_connection: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("idle_since", time.monotonic()) < TRUSTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as dead:
            raise InvalidatePoolError from dead
