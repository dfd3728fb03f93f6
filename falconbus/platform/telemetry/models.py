"""Tables of the measurements: histograms of minutes, ten minutes, hours, days, and of all time."""

from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from sqlalchemy import ARRAY, BigInteger, DateTime, ForeignKey, Index, LargeBinary, SmallInteger, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model


class Resolution(IntEnum):
    """The length of a row's interval in seconds; EVER has one row a series, for all time."""

    MINUTE = 60
    TEN_MINUTES = 600
    HOUR = 3600
    DAY = 86400
    EVER = 0


#: How long rows of each resolution are kept.
KEPT = {
    Resolution.MINUTE: timedelta(days=2),
    Resolution.TEN_MINUTES: timedelta(days=14),
    Resolution.HOUR: timedelta(days=90),
    Resolution.DAY: timedelta(days=730),
}


class TelemetrySeries(Model):
    """A series: the names of a minute_counts.Key, numbered."""

    __tablename__ = "telemetry_series"
    __table_args__ = (Index("uq_telemetry_series_key", "key", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    key: Mapped[list[str]] = mapped_column(ARRAY(Text))


class TelemetryRelease(Model):
    """A version of the code that has run. Rows are never deleted, so that others name them without a foreign key."""

    __tablename__ = "telemetry_releases"
    __table_args__ = (Index("uq_telemetry_releases_name", "name", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    first_seen: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_seen: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class TelemetryRollup(Model):
    """The counts of a series in one interval; `buckets` is the histogram as packing.pack() makes it.

    `p95_bucket`, of endpoints only, is the bucket of the 95th percentile, so that sparklines need no histograms.
    """

    __tablename__ = "telemetry_rollups"
    __table_args__ = (Index("ix_telemetry_rollups_series_id_resolution_start", "series_id", "resolution", "start"),)

    resolution: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    start: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("telemetry_series.id"), primary_key=True, autoincrement=False)
    release_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(BigInteger)
    total_us: Mapped[int] = mapped_column(BigInteger)
    buckets: Mapped[bytes] = mapped_column(LargeBinary)
    p95_bucket: Mapped[int | None] = mapped_column(SmallInteger)
    counters: Mapped[dict[str, int]] = mapped_column(JSONB)


class TelemetryMinute(Model):
    """A minute that has been rolled up, and must not be counted again."""

    __tablename__ = "telemetry_minutes"

    minute: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)


class TelemetryStatement(Model):
    """A statement's text without values, and its generic plan."""

    __tablename__ = "telemetry_statements"

    fingerprint: Mapped[str] = mapped_column(String(16), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    chain: Mapped[list[str]] = mapped_column(ARRAY(Text))
    first_seen: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    plan: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    plan_fault: Mapped[str | None] = mapped_column(Text)
    planned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class TelemetrySample(Model):
    """A slow request with its steps, as minute_counts.Step; or, of a fault's series, one that failed."""

    __tablename__ = "telemetry_samples"
    __table_args__ = (Index("ix_telemetry_samples_series_id_took_us", "series_id", "took_us"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("telemetry_series.id"))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    took_us: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[int] = mapped_column(SmallInteger)
    request_id: Mapped[str] = mapped_column(String(64))
    release_id: Mapped[int]
    steps: Mapped[list[list[Any]]] = mapped_column(JSONB)
