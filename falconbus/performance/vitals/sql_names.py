"""Names and expressions in SQL."""

import re

from sqlalchemy.dialects import postgresql

_quoting = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]
_NOISE = re.compile(r'::"?[a-z_][a-z0-9_ ]*"?(?:\(\d+(?:,\d+)?\))?|[()\s"]', re.IGNORECASE)


def quote(name: str) -> str:
    """Return an identifier, quoted where SQL needs it."""
    return str(_quoting.quote(name))


def plain(key: str) -> str:
    """Return an expression for comparing: `lower((email)::text)` and `lower(email)` are the same index."""
    return _NOISE.sub("", key).lower()
