"""The request id that an answer, its log lines and the jobs it caused all bear, and what else goes with a request."""

import re
import secrets
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")
#: Seconds that the present request has spent on encoding and on filling templates in.
rendering: ContextVar[float] = ContextVar("rendering", default=0.0)

_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")


def begin(offered: str | None) -> str:
    """Take over the caller's id when it is harmless in a log line, else make one."""
    chosen = offered if offered and _ACCEPTABLE.fullmatch(offered) else secrets.token_hex(12)
    request_id.set(chosen)
    rendering.set(0.0)
    return chosen
