"""Adds a minute to the rollups of every resolution. The caller holds the lock, and has a transaction."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from falconbus.platform.database.engine import db
from falconbus.platform.telemetry import histogram, minute_counts, packing, rollup_sql
from falconbus.platform.telemetry.minute_counts import Failure, Key, Minute, Sample, Series
from falconbus.platform.telemetry.models import Resolution

#: Rows of EVER are of all releases together: one row a series, however often the code changes.
ALL_RELEASES = 0
#: Requests that are kept of each endpoint or task (the slowest) and of each fault (the newest), a day.
KEPT_SAMPLES = 20


class RowKey(NamedTuple):
    """A rollup's primary key; rows are locked in its order."""

    resolution: int
    kind: str
    start: datetime
    series_id: int
    release_id: int


def add(starts: Mapping[Resolution, datetime], minute: datetime, by_release: Mapping[str, Minute]) -> None:
    """Add the counts of all processes in a minute, by release; `starts` is the begin of the row of each resolution."""
    owners = {release: _owners(seen) for release, seen in by_release.items()}
    keys = {key for seen in by_release.values() for key in seen.series} | {minute_counts.REQUESTS}
    series = _series_ids(keys | {key for each in owners.values() for key in each.values()})
    releases = _release_ids(by_release, minute)
    _add_rows(_rows(starts, by_release, series, releases))
    _keep_statements(by_release.values(), minute)
    samples = [
        _sample_row(sample, series[owners[release][sample.owner]], releases[release])
        for release, seen in by_release.items()
        for sample in _slowest(seen.samples)
    ] + [
        _failure_row(failure, key, series[key], releases[release])
        for release, seen in by_release.items()
        for key, failures in seen.failures.items()
        for failure in sorted(failures, key=lambda failure: -failure.at)[:KEPT_SAMPLES]
    ]
    if samples:
        ids = sorted({row["series_id"] for row in samples})
        db.session.execute(rollup_sql.ADD_SAMPLES, samples)
        db.session.execute(rollup_sql.KEEP_WORTHY, {"series": ids, "kept": KEPT_SAMPLES})


def _rows(
    starts: Mapping[Resolution, datetime],
    by_release: Mapping[str, Minute],
    series: Mapping[Key, int],
    releases: Mapping[str, int],
) -> dict[RowKey, Series]:
    rows: dict[RowKey, Series] = {}
    for release, seen in by_release.items():
        for key, one in seen.series.items():
            for resolution, start in starts.items():
                release_id = ALL_RELEASES if resolution is Resolution.EVER else releases[release]
                row_key = RowKey(resolution, key[0], start, series[key], release_id)
                rows.setdefault(row_key, Series()).merge(one)
        whole = minute_counts.all_requests(seen.series)
        # Nobody asks for the sum of all endpoints over all time.
        for resolution, start in starts.items():
            if whole.count and resolution is not Resolution.EVER:
                row_key = RowKey(
                    resolution, minute_counts.REQUESTS[0], start, series[minute_counts.REQUESTS], releases[release]
                )
                rows[row_key] = Series()
                rows[row_key].merge(whole)
    return rows


def _add_rows(rows: Mapping[RowKey, Series]) -> None:
    if not rows:
        return
    row_keys = sorted(rows)
    names = dict(zip(("resolutions", "kinds", "starts", "series", "releases"), map(list, zip(*row_keys, strict=True)),
                     strict=True))  # fmt: skip
    for row in db.session.execute(rollup_sql.LOCK_ROWS, names):
        before = Series(row.number, row.total_us, packing.unpack(row.buckets), row.counters)
        rows[RowKey(row.resolution, row.kind, row.start, row.series_id, row.release_id)].merge(before)
    ordered = [rows[row_key] for row_key in row_keys]
    db.session.execute(
        rollup_sql.PUT_ROWS,
        {
            **names,
            "counts": [one.count for one in ordered],
            "totals": [one.total_us for one in ordered],
            "buckets": [packing.pack(one.buckets) for one in ordered],
            "p95s": [p95_of(row_key.kind, rows[row_key]) for row_key in row_keys],
            "counters": [msgspec.json.encode(one.counters).decode() for one in ordered],
        },
    )


def p95_of(kind: str, series: Series) -> int | None:
    """Return the value of `p95_bucket`; None unless the series is an endpoint."""
    return histogram.p95_bucket(series.buckets) if kind == minute_counts.ENDPOINT else None


def _owners(seen: Minute) -> dict[str, Key]:
    """Return the key of each sample's owner: a task when the minute has one of that name, else an endpoint."""
    tasks = {key[1] for key in seen.series if key[0] == minute_counts.TASK}
    return {
        sample.owner: (minute_counts.TASK if sample.owner in tasks else minute_counts.ENDPOINT, sample.owner)
        for sample in seen.samples
    }


def _slowest(samples: Iterable[Sample]) -> list[Sample]:
    """Return the slowest samples, at most KEPT_SAMPLES of each owner."""
    by_owner: dict[str, list[Sample]] = {}
    for sample in sorted(samples, key=lambda sample: -sample.took_us):
        by_owner.setdefault(sample.owner, []).append(sample)
    return [sample for each in by_owner.values() for sample in each[:KEPT_SAMPLES]]


def _series_ids(keys: set[Key]) -> dict[Key, int]:
    """Return the ids of all keys; add those that are new.

    The keys are looked up first, because a refused insert would use up an id.
    """
    wanted = {"keys": msgspec.json.encode(sorted(keys)).decode()}
    ids = {tuple(row.key): row.id for row in db.session.execute(rollup_sql.FIND_SERIES, wanted)}
    missing = sorted(keys - ids.keys())
    if missing:
        added = db.session.execute(rollup_sql.ADD_SERIES, {"keys": msgspec.json.encode(missing).decode()})
        ids.update({tuple(row.key): row.id for row in added})
    return ids


def _release_ids(names: Iterable[str], minute: datetime) -> dict[str, int]:
    """Return the ids of the releases; update their first and last minute."""
    wanted = sorted(names)
    ids = {row.name: row.id for row in db.session.execute(rollup_sql.SEE_RELEASES, {"names": wanted, "at": minute})}
    missing = [name for name in wanted if name not in ids]
    if missing:
        added = db.session.execute(rollup_sql.ADD_RELEASES, {"names": missing, "at": minute})
        ids.update({row.name: row.id for row in added})
    return ids


def _keep_statements(minutes: Iterable[Minute], minute: datetime) -> None:
    statements = {fingerprint: one for seen in minutes for fingerprint, one in seen.statements.items()}
    if statements:
        rows: list[dict[str, Any]] = [
            {"fingerprint": fingerprint, "text": one.text, "types": one.types, "chain": one.chain}
            for fingerprint, one in sorted(statements.items())
        ]
        db.session.execute(rollup_sql.KEEP_STATEMENTS, {"rows": msgspec.json.encode(rows).decode(), "at": minute})


def _sample_row(sample: Sample, series_id: int, release_id: int) -> dict[str, Any]:
    return {
        "series_id": series_id,
        "at": datetime.fromtimestamp(sample.at, UTC),
        "took_us": sample.took_us,
        "status": sample.status,
        "request_id": sample.request_id,
        "release_id": release_id,
        "steps": msgspec.json.encode(sample.steps).decode(),
    }


def _failure_row(failure: Failure, key: Key, series_id: int, release_id: int) -> dict[str, Any]:
    return {
        "series_id": series_id,
        "at": datetime.fromtimestamp(failure.at, UTC),
        "took_us": failure.took_us,
        "status": int(key[1]),
        "request_id": failure.request_id,
        "release_id": release_id,
        "steps": "[]",
    }
