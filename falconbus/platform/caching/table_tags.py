"""Which tag the rows of a table have: kept answers that tell of them hold no longer when an audited change is made."""

from collections.abc import Mapping

_known: dict[str, str] = {}


def register(tags: Mapping[str, str]) -> None:
    """Let changes of these tables be changes of these tags; called for each feature when the app is made."""
    _known.update(tags)


def find_tag(table: str) -> str | None:
    """Return the tag of a table's rows; None for one that no kept answer tells of."""
    return _known.get(table)
