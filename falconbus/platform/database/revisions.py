"""The migrations of the code, read from their files: Alembic itself would cost each process 12 MB."""

import re
from functools import cache
from pathlib import Path

_REVISION = re.compile(r'^revision = "(\w+)"', re.MULTILINE)
_DOWN_REVISION = re.compile(r'^down_revision = "(\w+)"', re.MULTILINE)


def revisions(folder: str) -> frozenset[str]:
    """Return every migration."""
    return _named(folder, _REVISION)


@cache
def code_heads(folder: str) -> frozenset[str]:
    """Return the migrations that no other one follows."""
    return revisions(folder) - _named(folder, _DOWN_REVISION)


def _named(folder: str, pattern: re.Pattern[str]) -> frozenset[str]:
    sources = (path.read_text() for path in Path(folder, "versions").glob("*.py"))
    return frozenset(match[1] for source in sources if (match := pattern.search(source)))
