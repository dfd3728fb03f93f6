"""The statements that cost the database most, by pg_stat_statements, else by the recorder."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import DateTime, bindparam, text
from sqlalchemy.exc import DBAPIError

from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.kit import clock
from falconbus.platform.telemetry.models import KEPT, Resolution

PG_STAT_STATEMENTS, RECORDER = "pg_stat_statements", "recorder"

# Only what has its constants replaced: what is run as it is written, such as ALTER ROLE, may hold a password.
_COUNTED = text(r"""
    SELECT queryid::text AS fingerprint, query AS text, calls, total_exec_time::float8 AS total_ms,
        0 AS repeated, '{}'::text[] AS origins
    FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND query ~* '^\s*\(*\s*(select|with|insert|update|delete|merge)\y' AND calls > 0
""")
_SINCE = text("SELECT stats_reset FROM pg_stat_statements_info")
_RECORDED = text("""
    SELECT s.key[3] AS fingerprint, t.text, sum(r.count)::bigint AS calls,
        (sum(r.total_us) / 1000.0)::float8 AS total_ms,
        coalesce(sum((r.counters->>'repeated')::bigint), 0)::bigint AS repeated,
        array_agg(DISTINCT s.key[4]) AS origins
    FROM telemetry_rollups r
    JOIN telemetry_series s ON s.id = r.series_id
    LEFT JOIN telemetry_statements t ON t.fingerprint = s.key[3]
    WHERE r.resolution = :resolution AND r.kind = 'statement' AND r.start >= :since
    GROUP BY s.key[3], t.text HAVING sum(r.count) > 0
""").bindparams(bindparam("since", type_=DateTime(timezone=True)))
_HAS_EXTENSION = text("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements')")
_SHORT_ENOUGH = ((timedelta(hours=3), Resolution.MINUTE), (timedelta(days=2), Resolution.TEN_MINUTES),
                 (KEPT[Resolution.HOUR], Resolution.HOUR))  # fmt: skip


class HeavyStatement(msgspec.Struct, frozen=True):
    """A statement without its values; `repeated`: sent again within a request, by the recorder."""

    fingerprint: str
    text: str
    calls: int
    mean_ms: float
    total_ms: float
    repeated: int
    origins: list[str]


class HeavyStatements(msgspec.Struct, frozen=True):
    """The heaviest statements in four orders; `source` counted them since `since` (None: unknown)."""

    source: str
    since: datetime | None
    slowest: list[HeavyStatement]
    most_frequent: list[HeavyStatement]
    most_time: list[HeavyStatement]
    repeated: list[HeavyStatement]


def heaviest(last: timedelta, most: int) -> HeavyStatements:
    """Return the heaviest statements: pg_stat_statements' since its counters began, if there, else the recorder's.

    Repeated statements are always the recorder's; its figures are those of the `last` time.
    """
    since = clock.now() - last
    recorded = _statements(db.session.execute(_RECORDED, {"resolution": _resolution(last), "since": since}).all())
    counted = _counted()
    source, found, begin = (RECORDER, recorded, since) if counted is None else (PG_STAT_STATEMENTS, *counted)
    return HeavyStatements(
        source=source,
        since=begin,
        slowest=_first(found, lambda each: each.mean_ms, most),
        most_frequent=_first(found, lambda each: each.calls, most),
        most_time=_first(found, lambda each: each.total_ms, most),
        repeated=_first([each for each in recorded if each.repeated], lambda each: each.repeated, most),
    )


def counted_texts(most: int) -> list[HeavyStatement]:
    """Return the statements with the most time in pg_stat_statements; empty without the extension."""
    counted = _counted()
    return [] if counted is None else _first(counted[0], lambda each: each.total_ms, most)


def _counted() -> tuple[list[HeavyStatement], datetime | None] | None:
    """Return the statements of pg_stat_statements; None where it is not made, not loaded, or not readable."""
    if not db.session.execute(_HAS_EXTENSION).all()[0][0]:
        return None
    try:
        with db.session.begin_nested():
            return _statements(db.session.execute(_COUNTED).all()), db.session.execute(_SINCE).all()[0][0]
    except DBAPIError:
        return None


def _statements(rows: Iterable[AnyRow]) -> list[HeavyStatement]:
    return [
        HeavyStatement(
            row.fingerprint,
            " ".join((row.text or "(its text is not known)").split()),
            row.calls,
            row.total_ms / row.calls,
            row.total_ms,
            row.repeated,
            [origin for origin in row.origins if origin],
        )
        for row in rows
    ]


def _first(found: list[HeavyStatement], by: Callable[[HeavyStatement], Any], most: int) -> list[HeavyStatement]:
    return sorted(found, key=lambda each: (-by(each), each.fingerprint))[:most]


def _resolution(last: timedelta) -> Resolution:
    return next((resolution for longest, resolution in _SHORT_ENOUGH if last <= longest), Resolution.DAY)
