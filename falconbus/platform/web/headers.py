"""The security headers of every response: what a page may load, frame and send, and who may keep it."""

from collections.abc import Callable
from urllib.parse import urlsplit

import flask
from flask import Response

from config import Settings

_API_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src {sources}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def security_headers(settings: Settings) -> Callable[[Response], Response]:
    """Return the function that adds the headers to a response, for `after_request`."""
    live = urlsplit(settings.live_url or "")
    sources = f"'self' {live.scheme}://{live.netloc}" if live.netloc else "'self'"
    page_policy = _PAGE_POLICY.format(sources=sources)
    is_secure = settings.public_url.startswith("https:")

    def add(response: Response) -> Response:
        headers = response.headers
        is_page = response.mimetype == "text/html"
        headers.setdefault("Content-Security-Policy", page_policy if is_page else _API_POLICY)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        if response.status_code >= 400 and "no-store" not in headers.get("Cache-Control", ""):
            # What went wrong for one is not for the next, nor when it is put right.
            headers["Cache-Control"] = "no-store"
        if is_secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if is_page:
            response.vary.add("Cookie")
            if "csrf_token" in flask.session:
                headers.setdefault("Cache-Control", "private, no-store")
        return response

    return add
