"""Reads of feed imports."""

from sqlalchemy import select, text

from falconbus.gtfs.models import FeedImport, ImportStatus
from falconbus.platform.database.engine import AnyRow, AnySelect, db
from falconbus.platform.kit.errors import NotFound

#: The key that orders pages of imports.
KEY = FeedImport.id


def imports() -> AnySelect:
    """Select all imports without their contents and reports."""
    return select(
        FeedImport.id.label("key"),
        FeedImport.id,
        FeedImport.status,
        FeedImport.filename,
        FeedImport.created_at,
        FeedImport.finished_at,
    )


def get_import(import_id: int) -> AnyRow:
    """Return an import with its report; NotFound."""
    row = db.session.execute(imports().add_columns(FeedImport.report).where(FeedImport.id == import_id)).one_or_none()
    if row is None:
        raise NotFound("there is no such import")
    return row


def lock_unfinished(import_id: int) -> FeedImport | None:
    """Return an import, locked for an update; None when it has ended or another worker holds it."""
    return db.session.scalar(
        select(FeedImport)
        .where(FeedImport.id == import_id, FeedImport.status.in_((ImportStatus.QUEUED, ImportStatus.RUNNING)))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )


def content_piece(import_id: int, first: int, length: int) -> bytes:
    """Return `length` bytes of an uploaded feed from byte `first` (counted from 1); empty past its end."""
    piece = db.session.scalar(
        text("SELECT substring(content FROM :first FOR :length) FROM feed_imports WHERE id = :id"),
        {"first": first, "length": length, "id": import_id},
    )
    return bytes(piece or b"")
