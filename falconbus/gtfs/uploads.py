"""Stores uploaded feeds in the database and reads them back, a megabyte at a time."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, cast

from psycopg import Connection
from sqlalchemy import text

from falconbus.gtfs import queries
from falconbus.gtfs.models import ImportStatus
from falconbus.gtfs.options import ImportOptions
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock

_PIECE_BYTES = 1024**2
_NEXT_ID = text("SELECT nextval(pg_get_serial_sequence('feed_imports', 'id'))")
_COPY = "COPY feed_imports (id, status, filename, options, user_id, created_at, content) FROM STDIN"


def store(file: IO[bytes], filename: str, options: ImportOptions, user_id: int | None) -> int:
    """Insert an upload as a queued import and return its id.

    COPY takes the content in pieces; as a parameter all of it would be in memory.
    """
    import_id: int = db.session.execute(_NEXT_ID).scalar_one()
    row = [import_id, ImportStatus.QUEUED, filename, json.dumps(options.to_dict()), user_id, clock.now().isoformat()]
    connection = cast(Connection[object], db.session.connection().connection.driver_connection)
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write("\t".join(map(_escape, row)) + "\t\\\\x")
        while piece := file.read(_PIECE_BYTES):
            copy.write(piece.hex())
        copy.write("\n")
    return import_id


@contextmanager
def open_stored(import_id: int) -> Iterator[BinaryIO]:
    """Provide an uploaded feed as a temporary file."""
    with tempfile.TemporaryFile() as file:
        while piece := queries.content_piece(import_id, file.tell() + 1, _PIECE_BYTES):
            file.write(piece)
        file.seek(0)
        yield cast(BinaryIO, file)


def _escape(value: object) -> str:
    """Return a value in COPY's text format."""
    if value is None:
        return "\\N"
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
