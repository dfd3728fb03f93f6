"""Reads and writes of advice, and of the recorder's figures of the statements it is about."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, DateTime, Text, bindparam, select, text

from falconbus.performance.advisor.errors import AdviceNotFound
from falconbus.performance.advisor.models import Advice, AdviceState
from falconbus.platform.database.engine import AnyRow, db

_STATEMENT = text("SELECT fingerprint, text, types FROM telemetry_statements WHERE fingerprint = :fingerprint")
# Statements with the most time that read a whole table that is not small, or are slow; each checked once a while.
_SUSPECTS = text("""
    SELECT t.fingerprint
    FROM (SELECT s.key[3] AS fingerprint, sum(r.total_us) AS total_us, sum(r.count) AS calls
          FROM telemetry_rollups r JOIN telemetry_series s ON s.id = r.series_id
          WHERE r.resolution = 3600 AND r.kind = 'statement' AND r.start >= :since
          GROUP BY s.key[3]) heavy
    JOIN telemetry_statements t USING (fingerprint)
    LEFT JOIN performance_advice_checks c USING (fingerprint)
    WHERE (c.checked_at IS NULL OR c.checked_at < :checked_before)
        AND (heavy.total_us > :slow_us * heavy.calls
             OR EXISTS (SELECT
                        FROM jsonb_path_query(t.plan, '$.** ? (@."Node Type" == "Seq Scan")."Relation Name"') name
                        JOIN pg_class k ON k.relname = name #>> '{}' AND k.relkind = 'r'
                        WHERE k.reltuples > :small_rows))
    ORDER BY heavy.total_us DESC, t.fingerprint LIMIT :most
""").bindparams(
    bindparam("since", type_=DateTime(timezone=True)), bindparam("checked_before", type_=DateTime(timezone=True))
)
_RECORDED = text("""
    SELECT sum(r.count)::bigint AS calls, (sum(r.total_us) / 1000.0)::float8 AS total_ms, min(r.start) AS first
    FROM telemetry_series s
    JOIN telemetry_rollups r ON r.series_id = s.id AND r.resolution = :resolution
    WHERE s.kind = 'statement' AND s.key[3] = :fingerprint AND r.start >= :begin AND r.start < :end
""").bindparams(bindparam("begin", type_=DateTime(timezone=True)), bindparam("end", type_=DateTime(timezone=True)))
_KEEP_CHECK = text("""
    INSERT INTO performance_advice_checks (fingerprint, checked_at, proven, reason)
    VALUES (:fingerprint, :now, :proven, :reason)
    ON CONFLICT (fingerprint) DO UPDATE
        SET checked_at = excluded.checked_at, proven = excluded.proven, reason = excluded.reason
""").bindparams(bindparam("now", type_=DateTime(timezone=True)))
_CHECK = text("""
    SELECT fingerprint, checked_at, proven, reason FROM performance_advice_checks WHERE fingerprint = :fingerprint
""")
_LIST = text("""
    SELECT a.*, t.text AS statement FROM performance_advice a LEFT JOIN telemetry_statements t USING (fingerprint)
    WHERE CAST(:fingerprint AS text) IS NULL OR a.fingerprint = :fingerprint
    ORDER BY array_position(CAST(:states AS text[]), a.state::text),
        a.calls_per_hour * a.mean_ms * (1 - a.after_ms / nullif(a.before_ms, 0)) DESC NULLS LAST, a.id
""").bindparams(bindparam("states", type_=ARRAY(Text)), bindparam("fingerprint", type_=Text))
_INDEXES = text("""
    SELECT n.nspname AS schema, c.relname AS table, ic.relname AS name, am.amname AS method, i.indisvalid AS valid,
        i.indpred IS NOT NULL AS partial, i.indisunique AS unique,
        ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, true)
                  || CASE i.indoption[k - 1] WHEN 1 THEN ' DESC NULLS LAST' WHEN 2 THEN ' NULLS FIRST'
                                             WHEN 3 THEN ' DESC' ELSE '' END
              FROM generate_series(1, i.indnkeyatts) k ORDER BY k) AS keys
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class ic ON ic.oid = i.indexrelid
    JOIN pg_am am ON am.oid = ic.relam
    WHERE c.relname = ANY(:tables)
""").bindparams(bindparam("tables", type_=ARRAY(Text)))

_STATES = [AdviceState.OPEN, AdviceState.APPLIED, AdviceState.DISMISSED, AdviceState.WITHDRAWN]


def find_statement(fingerprint: str) -> AnyRow | None:
    """Return a statement that the recorder has seen; None for another."""
    return next(iter(db.session.execute(_STATEMENT, {"fingerprint": fingerprint}).all()), None)


def suspects(now: datetime, *, small_rows: int, slow_ms: float, again_after: timedelta, most: int) -> list[str]:
    """Return the fingerprints of the last day's statements that an index may help, the heaviest first."""
    asked = {
        "since": now - timedelta(days=1),
        "checked_before": now - again_after,
        "slow_us": slow_ms * 1000,
        "small_rows": small_rows,
        "most": most,
    }
    return [row.fingerprint for row in db.session.execute(_SUSPECTS, asked).all()]


def recorded(fingerprint: str, begin: datetime, end: datetime, resolution: int) -> AnyRow:
    """Return calls, their total milliseconds, and the begin of the first interval with calls; None without calls."""
    asked = {"fingerprint": fingerprint, "begin": begin, "end": end, "resolution": resolution}
    return db.session.execute(_RECORDED, asked).all()[0]


def lock_of(fingerprint: str) -> Sequence[Advice]:
    """Return all advice on a statement, locked."""
    return db.session.scalars(
        select(Advice).where(Advice.fingerprint == fingerprint).order_by(Advice.id).with_for_update()
    ).all()


def lock_watched(measured_until: datetime) -> Sequence[Advice]:
    """Return the advice whose index may come, or came after `measured_until`, locked."""
    is_fresh = (Advice.state == AdviceState.APPLIED) & (Advice.applied_at >= measured_until)
    waiting = Advice.state.in_([AdviceState.OPEN, AdviceState.DISMISSED])
    return db.session.scalars(select(Advice).where(waiting | is_fresh).order_by(Advice.id).with_for_update()).all()


def lock_advice(advice_id: int) -> Advice:
    """Return one advice, locked; AdviceNotFound."""
    advice = db.session.scalar(select(Advice).where(Advice.id == advice_id).with_for_update())
    if advice is None:
        raise AdviceNotFound
    return advice


def keep_check(fingerprint: str, now: datetime, proven: int, reason: str | None) -> None:
    """Store the outcome of a statement's check."""
    asked: dict[str, Any] = {"fingerprint": fingerprint, "now": now, "proven": proven, "reason": reason}
    db.session.execute(_KEEP_CHECK, asked)


def find_check(fingerprint: str) -> AnyRow | None:
    """Return the last check of a statement; None when there was none."""
    return next(iter(db.session.execute(_CHECK, {"fingerprint": fingerprint}).all()), None)


def advice(fingerprint: str | None = None) -> Sequence[AnyRow]:
    """Return all advice, or a statement's, with the statement's text: open first, the largest saving first."""
    return db.session.execute(_LIST, {"states": [str(state) for state in _STATES], "fingerprint": fingerprint}).all()


def indexes(tables: Sequence[str]) -> Sequence[AnyRow]:
    """Return the indexes of tables of these names, in any schema."""
    return db.session.execute(_INDEXES, {"tables": list(tables)}).all()
