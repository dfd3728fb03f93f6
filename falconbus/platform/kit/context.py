"""The context of a request: its ids, of which the response, log lines and jobs bear one, and its rendering time."""

import re
import secrets
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")
#: Our own random name for the request: request_id may be the caller's, and two requests may bear the same one.
own_id: ContextVar[str] = ContextVar("own_id", default="-")
#: Seconds that the present request has spent on encoding and on filling templates in.
rendering: ContextVar[float] = ContextVar("rendering", default=0.0)

_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")


def begin(offered: str | None) -> str:
    """Begin a request: return and set its id, which is the caller's when it is harmless in a log line."""
    chosen = offered if offered and _ACCEPTABLE.fullmatch(offered) else secrets.token_hex(12)
    request_id.set(chosen)
    own_id.set(secrets.token_hex(12))
    rendering.set(0.0)
    return chosen
