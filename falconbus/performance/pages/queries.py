"""Reads that only the pages need."""

from sqlalchemy import text

from falconbus.extensions import AnyRow, read

_RELEASES = text("""
    SELECT name, first_seen, last_seen FROM telemetry_releases ORDER BY first_seen DESC, id DESC LIMIT :most
""")


def releases(most: int = 50) -> list[AnyRow]:
    """The releases that have run, the newest first."""
    return list(read(_RELEASES, {"most": most}))
