"""Pages of other origins (CORS_ORIGINS) that call the API: what their scripts may send and read."""

from flask import Flask, Response, request
from flask_cors import CORS

from config import Settings

#: What tells a script more than the body does.
_EXPOSED = [
    "Content-Disposition",
    "ETag",
    "Idempotency-Replayed",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Cache",
    "X-Request-ID",
]
#: The longest that a browser keeps the answer to a preflight (Chromium's limit): a form asks once, not at each step.
_PREFLIGHT_SECONDS = 7200


def init_app(app: Flask, settings: Settings) -> None:
    """Let pages of the origins that are named call the API of `app`, without cookies."""
    if not settings.cors_origins:
        return
    origins = list(settings.cors_origins)
    is_open = "*" in origins
    CORS().init_app(
        app,
        resources={r"/api/*": {"origins": "*" if is_open else origins}},
        send_wildcard=is_open,
        always_send=is_open,
        vary_header=False,
        expose_headers=_EXPOSED,
        max_age=_PREFLIGHT_SECONDS,
    )
    if not is_open:
        app.after_request(_vary)


def _vary(response: Response) -> Response:
    """An answer that was kept for a page of one origin, or for no page, is none for the next origin's."""
    if request.path.startswith("/api/"):
        response.vary.add("Origin")
    return response
