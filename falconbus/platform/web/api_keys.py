"""API keys: what a site's server sends as `X-API-Key`, so that its calls are counted by a limit of their own."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app, g, request

from falconbus.platform.web.identity import Unauthenticated

HEADER = "X-API-Key"


@dataclass(frozen=True, slots=True)
class CallerKey:
    """A key that holds; `rate` is the limit agreed for it, None for the one of all keys (RATELIMIT_KEY)."""

    id: int
    rate: str | None


#: From a key's text to the key; None when it does not hold.
ApiKeyLoader = Callable[[str], CallerKey | None]


class InvalidApiKey(Unauthenticated):
    code = "invalid_api_key"
    title = "The API key is not valid or was revoked"


def init_app(app: Flask, load: ApiKeyLoader | None) -> None:
    """Refuse every request to `app` that bears a key which does not hold."""
    app.extensions["api_key_loader"] = load
    app.before_request(_check_key)


def present_key() -> CallerKey | None:
    """Return the key of the present request; None when it came without one. InvalidApiKey."""
    text = request.headers.get(HEADER)
    if text is None:
        return None
    if "api_key" not in g:
        load: ApiKeyLoader | None = current_app.extensions["api_key_loader"]
        g.api_key = None if load is None else load(text.strip())
    key: CallerKey | None = g.api_key
    if key is None:
        raise InvalidApiKey
    return key


def _check_key() -> None:
    present_key()
