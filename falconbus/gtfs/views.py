"""Feeds over the API: handed in as a file, imported by a worker, their reports read back."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request
from pydantic import ValidationError

from falconbus.gtfs import queries, service
from falconbus.gtfs.errors import BadImportOption
from falconbus.gtfs.models import ImportStatus
from falconbus.gtfs.options import ImportOptions
from falconbus.gtfs.permissions import IMPORT_FEEDS
from falconbus.gtfs.schemas import ImportAccepted, ImportForm, ImportItem, ImportOut
from falconbus.platform.database.pagination import CursorQuery, Page, keyset_page
from falconbus.platform.kit.errors import Invalid
from falconbus.platform.web import identity, problems
from falconbus.platform.web.operations import operation

LARGEST_FEED = 100 * 1024**2
_FEED = "A GTFS feed as a ZIP, 100 MB at most"
bp = Blueprint("gtfs", __name__, url_prefix="/api/v1/gtfs")


class FeedUpload:
    """A multipart body: the view's arguments `file`, `filename` and `form`."""

    content: Mapping[str, Any] = {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["feed"],
                "additionalProperties": False,
                "properties": {
                    "feed": {
                        "type": "string",
                        "format": "binary",
                        "description": _FEED,
                    },
                    **ImportForm.model_json_schema()["properties"],
                },
            }
        }
    }

    def read(self) -> dict[str, Any]:
        """Read the form; UnsupportedMediaType, Invalid."""
        # Set before the body is looked at: other requests may have 64 KB only.
        request.max_content_length = LARGEST_FEED
        if request.mimetype != "multipart/form-data":
            raise problems.UnsupportedMediaType("send the feed as multipart/form-data")
        file = request.files.get("feed")
        if file is None:
            raise Invalid("is missing: send the ZIP in a field of this name", pointer="/feed")
        try:
            form = ImportForm.model_validate(request.form.to_dict())
        except ValidationError as fault:
            raise problems.faults_of(ImportForm, fault, in_body=True) from None
        filename = (file.filename or "feed.zip").replace("\x00", "")[-200:]
        return {"file": file.stream, "filename": filename, "form": form}


FEED_UPLOAD = FeedUpload()


@operation(
    bp.post("/imports"),
    who=IMPORT_FEEDS,
    takes=FEED_UPLOAD,
    gives={202: ImportAccepted},
    refuses=(problems.UnsupportedMediaType, BadImportOption),
    budget=2,
)
def create_import(file: Any, filename: str, form: ImportForm) -> ImportAccepted:
    """Hand in a GTFS feed; a worker imports it, all of it or nothing."""
    options = ImportOptions.from_dict({"feed": form.name, **form.model_dump(exclude={"name"})})
    import_id = service.request_import(file, filename, options, identity.caller().user_id)
    return ImportAccepted(id=import_id, status=ImportStatus.QUEUED)


@operation(bp.get("/imports"), who=IMPORT_FEEDS, asks=CursorQuery, gives={200: Page[ImportItem]}, budget=1)
def list_imports(query: CursorQuery) -> Page[Any]:
    """Imports, the newest first."""
    return keyset_page(
        queries.imports(),
        queries.KEY,
        query,
        ImportItem,
        lambda row: ImportItem(row.id, row.status, row.filename, row.created_at, row.finished_at),
    )


@operation(bp.get("/imports/<id:import_id>"), who=IMPORT_FEEDS, gives={200: ImportOut}, budget=1)
def show_import(import_id: int) -> ImportOut:
    """An import: how far it is, what it counted, and every fault with its line."""
    return ImportOut.of(queries.get_import(import_id))
