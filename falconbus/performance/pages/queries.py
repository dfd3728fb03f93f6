"""Reads that only the pages need."""

from sqlalchemy import text

from falconbus.performance.jobs import ADVISE
from falconbus.platform.database.engine import AnyRow, db

_RELEASES = text("""
    SELECT name, first_seen, last_seen FROM telemetry_releases ORDER BY first_seen DESC, id DESC LIMIT :most
""")

_WAITING_ADVICE = text("""
    SELECT EXISTS (
        SELECT FROM outbox
        WHERE job = :job AND arguments->>'fingerprint' = :fingerprint AND done_at IS NULL AND failed_at IS NULL)
""")


def is_being_advised(fingerprint: str) -> bool:
    """Whether a worker has yet to look at the statement, or is at it."""
    return bool(db.session.execute(_WAITING_ADVICE, {"job": ADVISE.name, "fingerprint": fingerprint}).all()[0][0])


def releases(most: int = 50) -> list[AnyRow]:
    """The releases that have run, the newest first."""
    return list(db.session.execute(_RELEASES, {"most": most}).all())
