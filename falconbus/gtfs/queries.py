"""Reads of feed imports."""

from sqlalchemy import select, text

from falconbus.gtfs.models import FeedImport, ImportStatus
from falconbus.platform.database.engine import AnyRow, AnySelect, db
from falconbus.platform.kit.errors import NotFound

#: What pages of imports are ordered by.
KEY = FeedImport.id


def imports() -> AnySelect:
    """All imports, without what they carry; pages put the newest first."""
    return select(
        FeedImport.id.label("key"),
        FeedImport.id,
        FeedImport.status,
        FeedImport.filename,
        FeedImport.created_at,
        FeedImport.finished_at,
    )


def get_import(import_id: int) -> AnyRow:
    """One import with its report."""
    row = db.session.execute(imports().add_columns(FeedImport.report).where(FeedImport.id == import_id)).one_or_none()
    if row is None:
        raise NotFound("there is no such import")
    return row


def lock_unfinished(import_id: int) -> FeedImport | None:
    """The import, locked for this transaction; None when it has ended or another worker has it."""
    return db.session.scalar(
        select(FeedImport)
        .where(FeedImport.id == import_id, FeedImport.status.in_((ImportStatus.QUEUED, ImportStatus.RUNNING)))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )


def content_piece(import_id: int, first: int, length: int) -> bytes:
    """Some bytes of an uploaded feed, counted from 1; empty past its end."""
    piece = db.session.scalar(
        text("SELECT substring(content FROM :first FOR :length) FROM feed_imports WHERE id = :id"),
        {"first": first, "length": length, "id": import_id},
    )
    return bytes(piece or b"")
