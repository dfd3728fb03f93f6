"""The cache tag of each table: an audited change of a row invalidates the responses that depend on it."""

from collections.abc import Mapping

_known: dict[str, str] = {}


def register(tags: Mapping[str, str]) -> None:
    """Register the tags of tables; called for each feature when the app is made."""
    _known.update(tags)


def find_tag(table: str) -> str | None:
    """Return the tag of a table's rows; None for a table that no cached response depends on."""
    return _known.get(table)
