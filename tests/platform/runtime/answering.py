"""A web app without a database, to be served by our worker."""

import time
from collections.abc import Callable, Iterable
from typing import Any

LARGE = 8_000_000


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer what was sent, or who answers, when asked to after a while, or at length."""
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(1)
    if path == "/unread":
        body = b"not looked at"
    elif path == "/large":
        body = b"x" * LARGE
    else:
        body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
