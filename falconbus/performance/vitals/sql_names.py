"""Names and expressions as SQL writes them."""

import re

from sqlalchemy.dialects import postgresql

_quoting = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]
_NOISE = re.compile(r'::"?[a-z_][a-z0-9_ ]*"?(?:\(\d+(?:,\d+)?\))?|[()\s"]', re.IGNORECASE)


def quote(name: str) -> str:
    """An identifier as SQL."""
    return str(_quoting.quote(name))


def plain(key: str) -> str:
    """A key for comparing: `lower((email)::text)` and `lower(email)` are the same index."""
    return _NOISE.sub("", key).lower()
