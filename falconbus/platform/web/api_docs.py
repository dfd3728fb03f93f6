"""The addresses of the OpenAPI document, and the page that shows it."""

from functools import cache
from typing import Any

import msgspec
from flask import Blueprint, current_app, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from falconbus.platform.web import openapi
from falconbus.platform.web.declarations import PAGE, PUBLIC, Media
from falconbus.platform.web.operations import operation

bp = Blueprint("documents", __name__)

_DESCRIPTION = (
    "Search, hold, pay: the API of an intercity bus line. Errors are problem documents (RFC 9457). Times bear the "
    "offset of their stop's zone, money is a decimal string. Every address works with and without a closing slash, and "
    "under /api as well as /api/v1. Calls are limited: reads by the minute, the rest by the hour, counted by account, "
    "else by address, and what is about one's own booking (its manage token) by that booking. `RateLimit-Policy` and "
    "`RateLimit` say what is left; 429 says in `Retry-After` when there is more. A site's server that calls for all "
    "its visitors sends an API key as `X-API-Key`, with a limit of its own; it belongs on that server, not in pages."
)


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of this app."""
    return openapi.document(current_app, title="FalconBus", version="1", description=_DESCRIPTION, prefix="/api/v1/")


def document_text() -> str:
    """Return the document for a file under version control: indented, an entry a line."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2).decode()


@operation(bp.get("/"), who=PUBLIC, gives={200: PAGE}, budget=0)
def show_start() -> AnyResponse:
    """Newcomers are shown the API."""
    return redirect(url_for("documents.show_docs"))


#: A client may keep it, and asks whether it still holds.
_DOCUMENT = Media("application/json", {"Cache-Control": "private, no-cache"})


@operation(bp.get("/api/v1/openapi.json"), who=PUBLIC, gives={200: _DOCUMENT}, counted=False, budget=0)
def show_openapi() -> bytes:
    """This document."""
    return msgspec.json.encode(document())


@operation(bp.get("/api/v1/docs"), who=PUBLIC, gives={200: PAGE}, counted=False, budget=2)
def show_docs() -> str:
    """This document, as a page to read."""
    return render_template("docs.html", document=document())
