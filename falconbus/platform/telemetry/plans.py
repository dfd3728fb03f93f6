"""Generic plans of statements, without their values: EXPLAIN (GENERIC_PLAN), PostgreSQL 16 and later."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock

_EXPLAINED_AT_ONCE = 20
_PLAN_LIVES = timedelta(days=1)
# Only statements that begin like this, after comments, are planned.
_EXPLAINABLE = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(?:SELECT|WITH|INSERT|UPDATE|DELETE)\b", re.IGNORECASE | re.DOTALL
)
_PARAMETER = re.compile(r"\$(\d+)")
# A type's name goes into SQL unquoted, so nothing else may match.
_TYPE = re.compile(r'(?:[a-z_][a-z0-9_]*\.)?"?[a-z_][a-z0-9_ ]*"?(?:\([0-9, ]+\))?(?:\[\])*', re.IGNORECASE)

_HEAVIEST = text("""
    SELECT t.fingerprint, t.text, t.types
    FROM (SELECT s.key[3] AS fingerprint, sum(r.total_us) AS total_us
          FROM telemetry_rollups r JOIN telemetry_series s ON s.id = r.series_id
          WHERE r.resolution = 3600 AND r.kind = 'statement' AND r.start >= :since
          GROUP BY s.key[3]) heavy
    JOIN telemetry_statements t USING (fingerprint)
    WHERE t.planned_at IS NULL OR t.planned_at < :since
    ORDER BY heavy.total_us DESC, t.fingerprint LIMIT :limit
""")
_KEEP_PLAN = text("""
    UPDATE telemetry_statements SET plan = CAST(:plan AS jsonb), plan_fault = :fault, planned_at = :now
    WHERE fingerprint = :fingerprint
""")


class Unexplained(Exception):
    """The statement could not be planned; the message is one line without values."""


def explain(statement: str, types: Sequence[str] = ()) -> dict[str, Any]:
    """Return the generic plan of a statement with $1, $2 ...; Unexplained when there is none.

    Leaves the caller's transaction as it was. It needs one: requests that read run without (session.Session).
    """
    if not _EXPLAINABLE.match(statement) or ";" in statement.rstrip("; \n"):
        raise Unexplained("only a single SELECT, INSERT, UPDATE or DELETE is planned")
    statement = statement.rstrip("; \n")
    try:
        return _ask(statement)
    except DBAPIError as fault:
        refused = fault
    typed = _with_types(statement, types)
    if typed != statement:
        try:
            return _ask(typed)
        except DBAPIError as fault:
            refused = fault
    raise Unexplained(_reason(refused)) from None


def explain_slow() -> int:
    """Plan the statements that took the most time in the last day, unless they have a plan of that day."""
    now = clock.now()
    rows = db.session.execute(_HEAVIEST, {"since": now - _PLAN_LIVES, "limit": _EXPLAINED_AT_ONCE}).all()
    transactions.commit()
    for row in rows:
        plan, reason = None, None
        try:
            plan = msgspec.json.encode(explain(row.text, row.types)).decode()
        except Unexplained as fault:
            reason = str(fault)
        values = {"plan": plan, "fault": reason, "now": now, "fingerprint": row.fingerprint}
        db.session.execute(_KEEP_PLAN, values)
        transactions.commit()
    return len(rows)


def _ask(statement: str) -> dict[str, Any]:
    """Run EXPLAIN in a savepoint that is undone, with its time-out. Without parameters `%` and `$1` stay as is."""
    connection = db.session.connection()
    savepoint = connection.begin_nested()
    try:
        connection.exec_driver_sql("SET LOCAL statement_timeout = '1s'")
        result = connection.exec_driver_sql(
            f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {statement}", execution_options={"no_parameters": True}
        )
        plan: dict[str, Any] = result.scalar_one()[0]
        return plan
    finally:
        savepoint.rollback()


def _with_types(statement: str, types: Sequence[str]) -> str:
    def cast(match: re.Match[str]) -> str:
        number = int(match[1])
        name = types[number - 1] if 0 < number <= len(types) else ""
        return f"CAST({match[0]} AS {name})" if _TYPE.fullmatch(name) else match[0]

    return _PARAMETER.sub(cast, statement)


def _reason(fault: DBAPIError) -> str:
    message = getattr(getattr(fault.orig, "diag", None), "message_primary", None) or type(fault.orig).__name__
    return " ".join(str(message).split())[:300]
