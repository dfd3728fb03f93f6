"""Conditional requests: an ETag on every GET response, 304 when the client has it already."""

from flask import Flask, Response, request

#: Hashing a download costs more than it saves.
_LARGEST = 1_000_000


def init_app(app: Flask) -> None:
    """Answer conditional requests (RFC 9110, section 13); responses without Cache-Control must be revalidated."""
    app.after_request(_condition)


def _condition(response: Response) -> Response:
    if request.method not in {"GET", "HEAD"} or response.status_code != 200 or response.is_streamed:
        return response
    if "no-store" in response.headers.get("Cache-Control", "") or (response.content_length or 0) > _LARGEST:
        return response
    response.headers.setdefault("Cache-Control", "private, no-cache")
    if "ETag" not in response.headers:
        response.add_etag(weak=True)
    if "HTTP_IF_NONE_MATCH" in request.environ:
        response.make_conditional(request)
    return response
