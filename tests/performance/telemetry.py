"""Telemetry for tests: rows of the rollups as the beat leaves them, minutes in Redis as processes write them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from falconbus.platform.database.engine import db
from falconbus.platform.kit.redis_connection import cache_redis
from falconbus.platform.telemetry import histogram, minute_counts, packing, rollup, rollup_writer, store
from falconbus.platform.telemetry.minute_counts import Key, Minute, Series
from falconbus.platform.telemetry.models import (
    Resolution,
    TelemetryMinute,
    TelemetryRelease,
    TelemetryRollup,
    TelemetrySeries,
)


def series(milliseconds: Iterable[float], **counters: int) -> Series:
    """Durations and counters; a counter that begins with a digit is written with an underscore before it."""
    made = Series(counters={name.removeprefix("_"): number for name, number in counters.items()})
    for each in milliseconds:
        bucket = histogram.bucket_of(each * 1000)
        made.count += 1
        made.total_us += round(each * 1000)
        made.buckets[bucket] = made.buckets.get(bucket, 0) + 1
    return made


def release(name: str, seen: datetime) -> TelemetryRelease:
    """A release that ran at that time."""
    row = TelemetryRelease(name=name, first_seen=seen, last_seen=seen)
    db.session.add(row)
    db.session.commit()
    return row


def roll(
    key: Key, start: datetime, one: Series, resolution: Resolution = Resolution.MINUTE, release_id: int = 1
) -> int:
    """What was seen of a series in a stretch of time, added to the rows of that resolution and of all coarser ones.

    The number of its series is returned. All requests together have rows too, as the rollup leaves them.
    """
    for each in (step for step in Resolution if step >= resolution):
        begin = rollup.start_of(start, each)
        if key[0] == minute_counts.ENDPOINT:
            _add(minute_counts.REQUESTS, begin, one, each, release_id)
        number = _add(key, begin, one, each, release_id)
    db.session.commit()
    return number


def _add(key: Key, start: datetime, one: Series, resolution: Resolution, release_id: int) -> int:
    found = db.session.query(TelemetrySeries).filter_by(key=list(key)).one_or_none()
    if found is None:
        found = TelemetrySeries(kind=key[0], key=list(key))
        db.session.add(found)
        db.session.flush()
    place = {"resolution": int(resolution), "kind": key[0], "start": start, "series_id": found.id}
    row = db.session.get(TelemetryRollup, {**place, "release_id": release_id})
    whole = Series(row.count, row.total_us, packing.unpack(row.buckets), dict(row.counters)) if row else Series()
    whole.merge(one)
    if row is None:
        row = TelemetryRollup(**place, release_id=release_id)
        db.session.add(row)
    row.count, row.total_us, row.counters = whole.count, whole.total_us, whole.counters
    row.buckets, row.p95_bucket = packing.pack(whole.buckets), rollup_writer.p95_of(key[0], whole)
    return found.id


def mark_rolled(minute: datetime) -> None:
    """Say that a minute is in the rollups."""
    db.session.add(TelemetryMinute(minute=minute))
    db.session.commit()


def write(process: str, minutes: Mapping[datetime, Minute]) -> None:
    """What a process has seen, into Redis."""
    store.write(cache_redis(), process, {int(at.timestamp()): minute for at, minute in minutes.items()})
