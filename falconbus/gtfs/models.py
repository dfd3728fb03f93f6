"""The table of feed imports: the uploaded feed until it is read, and the report."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model


class ImportStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class FeedImport(Model):
    """An uploaded feed, kept in the database so that a worker on any host can read it."""

    __tablename__ = "feed_imports"
    __table_args__ = (
        CheckConstraint("status IN ('queued','running','done','failed')", name="status"),
        Index("ix_feed_imports_created", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(16))
    filename: Mapped[str] = mapped_column(String(200))
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: The ZIP; dropped when the import has ended.
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    #: Counts and faults, see gtfs/report.py.
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"), default=dict)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class FeedAgency(Model):
    """A firm that a network's last feed names: a feed of the same name by another firm is not its next version."""

    __tablename__ = "feed_agencies"

    feed: Mapped[str] = mapped_column(String(24), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
