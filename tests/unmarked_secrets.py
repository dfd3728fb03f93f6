"""Secrets that an answer bears in a field which is not marked as one, and which would be kept to be replayed."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from falconbus.platform.web.declarations import shapes_of
from falconbus.platform.web.secret_fields import secret_fields

# An API token, or what kit.references.signature() makes, after the value that it signs.
_SECRET = re.compile(r'fb_live_[0-9a-f]{16}_[\w-]{43}|[._](?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{32}(?=[./?"]|$)')


def unmarked_secrets(given: Any, body: bytes) -> list[str]:
    """Return the fields of an answer that look like secrets and are not of the type `Secret` in what is declared."""
    found = set(_paths(msgspec.json.decode(body), "")) if body and _SECRET.search(body.decode()) else set()
    marked = {path for shape in shapes_of(given) for path in secret_fields(shape)} if found else set()
    return sorted(found - marked)


def _paths(value: Any, path: str) -> Iterator[str]:
    """Where a document has secrets, named as `secret_fields` names them."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _paths(part, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for part in value:
            yield from _paths(part, path)
    elif isinstance(value, str) and _SECRET.search(value):
        yield path
