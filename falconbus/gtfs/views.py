"""Feeds over the API: handed in as a file, imported by a worker, their reports read back."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Blueprint, request
from pydantic import ValidationError

from falconbus.gtfs import queries, service
from falconbus.gtfs.errors import BadImportOption
from falconbus.gtfs.models import ImportStatus
from falconbus.gtfs.options import ImportOptions
from falconbus.gtfs.permissions import IMPORT_FEEDS
from falconbus.gtfs.schemas import ImportAccepted, ImportForm, ImportItem, ImportOut
from falconbus.platform.database.pagination import CursorQuery, Page, keyset
from falconbus.platform.kit.errors import Invalid
from falconbus.platform.kit.schema import pick_fields
from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web import identity, problems
from falconbus.platform.web.identity import requires
from falconbus.platform.web.operations import accepts_query, returns

View = TypeVar("View", bound=Callable[..., Any])

LARGEST_FEED = 100 * 1024**2
_FORM = {
    "type": "object",
    "required": ["feed"],
    "additionalProperties": False,
    "properties": {
        "feed": {"type": "string", "format": "binary", "description": "A GTFS feed as a ZIP, 100 MB at most"},
        **ImportForm.model_json_schema()["properties"],
    },
}

bp = Blueprint("gtfs", __name__, url_prefix="/api/v1/gtfs")


def accepts_feed(view: View) -> View:
    """Parse a multipart body into the view's arguments `file`, `filename` and `form`."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        # Set before the body is parsed: other requests are limited to 64 KB.
        request.max_content_length = LARGEST_FEED
        if request.mimetype != "multipart/form-data":
            raise problems.UnsupportedMediaType("send the feed as multipart/form-data")
        file = request.files.get("feed")
        if file is None:
            raise Invalid("is missing: send the ZIP in a field of this name", pointer="/feed")
        try:
            form = ImportForm.model_validate(request.form.to_dict())
        except ValidationError as fault:
            errors = fault.errors(include_url=False, include_input=False, include_context=False)
            raise problems.faults_of(errors, in_body=True) from None
        filename = (file.filename or "feed.zip").replace("\x00", "")[-200:]
        return view(*args, file=file.stream, filename=filename, form=form, **kwargs)

    wrapper.consumes = {"multipart/form-data": {"schema": _FORM}}  # type: ignore[attr-defined]
    return cast(View, wrapper)


@bp.post("/imports")
@requires(IMPORT_FEEDS)
@query_budget(2)
@returns(ImportAccepted, 202, problems.UnsupportedMediaType, BadImportOption)
@accepts_feed
def create_import(file: Any, filename: str, form: ImportForm) -> ImportAccepted:
    """Hand in a GTFS feed; a worker imports it, all of it or nothing."""
    options = ImportOptions.from_dict({"feed": form.name, **form.model_dump(exclude={"name"})})
    import_id = service.request_import(file, filename, options, identity.caller().user_id)
    return ImportAccepted(id=import_id, status=ImportStatus.QUEUED)


@bp.get("/imports")
@requires(IMPORT_FEEDS)
@query_budget(1)
@returns(Page[ImportItem])
@accepts_query(CursorQuery)
def list_imports(query: CursorQuery) -> Page[Any]:
    """Imports, the newest first."""
    rows, following, previous = keyset(queries.imports(), queries.KEY, query)
    items = [ImportItem(row.id, row.status, row.filename, row.created_at, row.finished_at) for row in rows]
    return Page(pick_fields(items, ImportItem, query.fields), following, previous)


@bp.get("/imports/<id:import_id>")
@requires(IMPORT_FEEDS)
@query_budget(1)
@returns(ImportOut)
def show_import(import_id: int) -> ImportOut:
    """An import: how far it is, what it counted, and every fault with its line."""
    return ImportOut.of(queries.get_import(import_id))
