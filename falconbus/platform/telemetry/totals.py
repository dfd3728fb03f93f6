"""Totals since the first rollup, up to the last second."""

import logging
from datetime import UTC, datetime

from sqlalchemy import text

from falconbus.platform.database.engine import db
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.telemetry import minute_counts, packing, recent_minutes
from falconbus.platform.telemetry.minute_counts import Key, Series

log = logging.getLogger(__name__)

_ROLLED = "rolled"

# One statement, so that the sums and the marks of the minutes in them agree (reads run without a transaction).
# Statements are summed by owner: their texts and lines change with the code, and are the dashboard's.
_TOTALS = text("""
    SELECT s.key, r.count AS number, r.total_us, r.buckets, r.counters
    FROM telemetry_rollups r JOIN telemetry_series s ON s.id = r.series_id
    WHERE r.resolution = 0 AND r.kind <> 'statement'
    UNION ALL
    SELECT ARRAY[r.kind, s.key[2]], CAST(sum(r.count) AS bigint), CAST(sum(r.total_us) AS bigint), NULL, NULL
    FROM telemetry_rollups r JOIN telemetry_series s ON s.id = r.series_id
    WHERE r.resolution = 0 AND r.kind = 'statement' GROUP BY r.kind, s.key[2]
    UNION ALL
    SELECT ARRAY['rolled', CAST(CAST(extract(epoch FROM minute) AS bigint) AS text)], 0, 0, NULL, NULL
    FROM telemetry_minutes WHERE minute = ANY(CAST(:minutes AS timestamptz[]))
""")


class MetricsIncomplete(DomainError):
    """The newest minutes are missing; the sums would drop, and Prometheus would take that for a restart."""

    status = 503
    code = "metrics_incomplete"
    title = "The newest numbers are out of reach; ask again"


def totals() -> dict[Key, Series]:
    """Add up every series since the first rollup, statements by owner only; MetricsIncomplete while Redis is away."""
    newest = recent_minutes.present()
    if not newest.is_complete:
        raise MetricsIncomplete
    sums: dict[Key, Series] = {}
    rolled: set[datetime] = set()
    for row in db.session.execute(_TOTALS, {"minutes": sorted({minute for minute, _ in newest.minutes})}).all():
        key = tuple(row.key)
        if key[0] == _ROLLED:
            rolled.add(datetime.fromtimestamp(int(key[1]), UTC))
        else:
            sums[key] = Series(row.number, row.total_us, packing.unpack(row.buckets) if row.buckets else {})
            sums[key].counters = row.counters or {}
    for _, seen in newest.without(rolled).minutes:
        for key, series in seen.series.items():
            short = key[:2] if key[0] == minute_counts.STATEMENT else key
            sums.setdefault(short, Series()).merge(series)
    return sums
