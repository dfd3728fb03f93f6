"""Time slots of periodic jobs, so that a second beat finds its run taken."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import DateTime, String, text
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model, db
from falconbus.platform.kit import clock


class PeriodicRun(Model):
    """The claim of one time slot of a periodic job; the latest slot is the one that was taken last."""

    __tablename__ = "periodic_runs"

    job: Mapped[str] = mapped_column(String(64), primary_key=True)
    slot: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)


_BE_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:job, 0))")
_LAST = text("SELECT max(slot) FROM periodic_runs WHERE job = :job")
_FORGET_FUTURE = text("DELETE FROM periodic_runs WHERE job = :job AND slot >= :slot")
_TAKE = text("INSERT INTO periodic_runs (job, slot) VALUES (:job, :slot)")


def database_time() -> datetime:
    """Return the time by the one clock that all workers have in common."""
    at: datetime = db.session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return at


def take_slot(job: str, every: timedelta, at: datetime) -> bool:
    """Take the slot of a periodic job at that time; return False when it is taken. Rolled back with the job's own work.

    Slots that the clock has yet to come to again, because it was set back, are forgotten: the job goes on.
    """
    seconds = every.total_seconds()
    slot = datetime.fromtimestamp(at.timestamp() // seconds * seconds, UTC)
    if not db.session.execute(_BE_ALONE, {"job": f"periodic {job}"}).scalar_one():
        return False
    last = db.session.execute(_LAST, {"job": job}).scalar_one()
    if slot == last:
        return False
    if last is not None and slot < last:
        db.session.execute(_FORGET_FUTURE, {"job": job, "slot": slot})
    db.session.execute(_TAKE, {"job": job, "slot": slot})
    return True


def trim(older_than: timedelta = timedelta(days=7)) -> None:
    """Delete the slots of long ago."""
    db.session.execute(text("DELETE FROM periodic_runs WHERE slot < :before"), {"before": clock.now() - older_than})
