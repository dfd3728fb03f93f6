"""Reads of releases, of their measurements, and of comparisons."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import DateTime, Integer, bindparam, select, text
from sqlalchemy.orm import undefer

from falconbus.performance.release_comparison.bootstrap import block_seconds
from falconbus.performance.release_comparison.errors import ComparisonNotFound
from falconbus.performance.release_comparison.models import Comparison, ComparisonState
from falconbus.performance.release_comparison.results import Slice, Stretch
from falconbus.performance.release_comparison.windows import Window
from falconbus.platform.database.engine import AnyRow, AnySelect, db
from falconbus.platform.telemetry import histogram, packing
from falconbus.platform.telemetry.models import Resolution

KEY = Comparison.id
_PORTION = 2000

_RELEASES = text("SELECT name, id, first_seen, last_seen FROM telemetry_releases WHERE name = ANY(:names)")
_NEWEST = text("SELECT name, first_seen, last_seen FROM telemetry_releases ORDER BY first_seen DESC, id DESC LIMIT 1")
_PREDECESSOR = text("""
    SELECT name FROM telemetry_releases WHERE first_seen < :first_seen ORDER BY last_seen DESC, id DESC LIMIT 1
""")
_HAS_BEEN_COMPARED = text("""
    SELECT EXISTS (
        SELECT FROM performance_comparisons
        WHERE candidate_release = :candidate AND baseline_release = :baseline AND requested_at >= :since)
""")
_SLICES = text("""
    SELECT s.key[2] AS endpoint, r.start, r.count AS requests, r.buckets,
        coalesce(CAST(r.counters->>'5xx' AS bigint), 0) AS errors,
        coalesce(CAST(r.counters->>'queries' AS bigint), 0) AS queries
    FROM telemetry_rollups r
    JOIN telemetry_series s ON s.id = r.series_id
    WHERE r.resolution = :resolution AND r.kind = 'endpoint' AND r.start >= :first AND r.start <= :last
        AND (CAST(:release_id AS integer) IS NULL OR r.release_id = :release_id)
""").bindparams(
    bindparam("first", type_=DateTime(timezone=True)),
    bindparam("last", type_=DateTime(timezone=True)),
    bindparam("release_id", type_=Integer),
)


def releases(names: Sequence[str]) -> dict[str, AnyRow]:
    """Return those of the named releases that have run, by name."""
    return {row.name: row for row in db.session.execute(_RELEASES, {"names": list(names)}).all()}


def find_newest_release() -> AnyRow | None:
    """Return the release that was first seen last; None before anything was measured."""
    return next(iter(db.session.execute(_NEWEST).all()), None)


def find_predecessor(first_seen: datetime) -> str | None:
    """Return the release that ran last before one that was first seen then; None without one."""
    return next((row.name for row in db.session.execute(_PREDECESSOR, {"first_seen": first_seen}).all()), None)


def has_been_compared(candidate: str, baseline: str, since: datetime) -> bool:
    """Return whether a comparison of the two has been requested since then."""
    asked = {"candidate": candidate, "baseline": baseline, "since": since}
    return bool(db.session.execute(_HAS_BEEN_COMPARED, asked).all()[0][0])


def slices(window: Window, resolution: Resolution, release_id: int | None) -> tuple[dict[str, list[Slice]], Stretch]:
    """Return requests by endpoint, one slice a block (see bootstrap.block_seconds), of a release or of all.

    Only rows that lie wholly in the window. They are read in portions: a day of a hundred endpoints is 144,000.
    """
    begin = int(window.begin.timestamp())
    length = block_seconds((window.end - window.begin).total_seconds(), resolution)
    asked = {
        "resolution": resolution.value,
        "first": window.begin,
        "last": window.end - timedelta(seconds=resolution),
        "release_id": release_id,
    }
    by_endpoint: dict[str, dict[int, Slice]] = {}
    starts: set[datetime] = set()
    options = {"stream_results": True, "yield_per": _PORTION}
    with db.session.connection().execute(_SLICES, asked, execution_options=options) as rows:
        for row in rows:
            starts.add(row.start)
            start = begin + (int(row.start.timestamp()) - begin) // length * length
            _add(by_endpoint.setdefault(row.endpoint, {}).setdefault(start, Slice(start, 0, {})), row)
    ordered = {name: [blocks[start] for start in sorted(blocks)] for name, blocks in by_endpoint.items()}
    return ordered, Stretch(window.begin, window.end, resolution.value, len(starts), length)


def get_comparison(comparison_id: int) -> Comparison:
    """Return a comparison with its result; ComparisonNotFound."""
    comparison = db.session.get(Comparison, comparison_id, options=[undefer(Comparison.result)])
    if comparison is None:
        raise ComparisonNotFound
    return comparison


def lock_unfinished(comparison_id: int) -> Comparison | None:
    """Return a comparison that has not ended, locked; None when it has."""
    wanted = select(Comparison).where(Comparison.id == comparison_id, Comparison.finished_at.is_(None))
    return db.session.scalar(wanted.with_for_update())


def comparisons() -> AnySelect:
    """Return a select of comparisons without their results; `verdicts` counts endpoints by verdict."""
    columns: Any = [column for column in Comparison.__table__.columns if column.name != "result"]
    return select(Comparison.id.label("key"), *columns)


def find_latest_release_comparison() -> Comparison | None:
    """Return the newest finished comparison of two releases, with its result."""
    wanted = (
        select(Comparison)
        .where(Comparison.state == ComparisonState.DONE)
        .where(Comparison.baseline_release.is_not(None), Comparison.candidate_release.is_not(None))
        .order_by(Comparison.id.desc())
        .limit(1)
    )
    return db.session.scalar(wanted.options(undefer(Comparison.result)))


def _add(into: Slice, row: AnyRow) -> None:
    into.count += row.requests
    into.errors += row.errors
    into.queries += row.queries
    histogram.add(into.buckets, packing.unpack(row.buckets))
