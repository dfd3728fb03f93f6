"""Rows of the rollups as they stand after a release has run."""

from datetime import datetime, timedelta

from falconbus.platform.database.engine import db
from falconbus.platform.telemetry import packing
from falconbus.platform.telemetry.histogram import bucket_of
from falconbus.platform.telemetry.models import Resolution, TelemetryRelease, TelemetryRollup, TelemetrySeries

ENDPOINT = "GET /api/v1/schedules"
OTHER = "GET /api/v1/stops"


def release(name: str, begin: datetime, minutes: int) -> int:
    """A release that was seen for so many minutes."""
    row = TelemetryRelease(name=name, first_seen=begin, last_seen=begin + timedelta(minutes=minutes - 1))
    db.session.add(row)
    db.session.flush()
    return row.id


def ran(
    release_id: int,
    begin: datetime,
    minutes: int,
    took: int,
    *,
    endpoint: str = ENDPOINT,
    resolution: Resolution = Resolution.MINUTE,
) -> None:
    """Thirty requests of about `took` microseconds in each row; beside them a task, and the same rows by the hour."""
    series = _series("endpoint", ["endpoint", endpoint])
    noise = _series("task", ["task", endpoint])
    histogram = {bucket_of(took * 1.04**off): 10 for off in (-1, 0, 1)}
    step = resolution.value // 60
    for minute in range(0, minutes, step):
        at = begin + timedelta(minutes=minute)
        _row(resolution, series, "endpoint", at, release_id, histogram)
        _row(resolution, noise, "task", at, release_id, {bucket_of(9_000_000): 30})
        if minute % 60 == 0:
            _row(Resolution.HOUR, series, "endpoint", at, release_id, {bucket_of(9_000_000): 30})
    db.session.flush()


def _series(kind: str, key: list[str]) -> int:
    row = db.session.query(TelemetrySeries).filter_by(key=key).one_or_none()
    if row is None:
        row = TelemetrySeries(kind=kind, key=key)
        db.session.add(row)
        db.session.flush()
    return row.id


def _row(
    resolution: Resolution, series: int, kind: str, at: datetime, release_id: int, histogram: dict[int, int]
) -> None:
    db.session.add(
        TelemetryRollup(
            resolution=resolution.value,
            kind=kind,
            start=at,
            series_id=series,
            release_id=release_id,
            count=sum(histogram.values()),
            total_us=0,
            buckets=packing.pack(histogram),
            counters={"2xx": 30, "queries": 60},
        )
    )
