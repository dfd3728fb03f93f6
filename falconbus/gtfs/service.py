"""Use cases of imports: at once from a file, or by a worker from an upload."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import IO, BinaryIO

from sqlalchemy.exc import OperationalError

from falconbus.gtfs import queries, uploads
from falconbus.gtfs.errors import FeedRefused
from falconbus.gtfs.importing.importer import FeedImporter, Progress
from falconbus.gtfs.jobs import IMPORT_FEED
from falconbus.gtfs.models import FeedImport, ImportStatus
from falconbus.gtfs.options import ImportOptions
from falconbus.gtfs.report import Report
from falconbus.network import cache_tags
from falconbus.platform import jobs
from falconbus.platform.caching.maintenance import WARM_CACHES
from falconbus.platform.caching.response_cache import changed
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.jobs import enqueue
from falconbus.platform.kit import clock
from falconbus.platform.kit.errors import Contended, DomainError

log = logging.getLogger(__name__)

#: The lease of the import's job: longer than the task's time limit, so that no second worker gets it meanwhile.
MAX_IMPORT_TIME = timedelta(minutes=65)


def _ignore_progress(_step: str, _done: int, _total: int) -> None:
    """Do nothing: the default for callers who show no progress."""


def import_feed(location: Path | BinaryIO, options: ImportOptions, progress: Progress = _ignore_progress) -> Report:
    """Import a GTFS feed, a ZIP or a folder, completely with its schedules on sale, or not at all.

    Runs in the caller's transaction, which FeedUnreadable and FeedRefused (with its report of faults) must roll back.
    Importing the same feed again changes nothing; a newer version updates the network and changes no sold seat.
    """
    report = FeedImporter(options, progress).run(location)
    changed(cache_tags.STOPS, cache_tags.ROUTES, cache_tags.FLEET)
    enqueue(WARM_CACHES)
    return report


def request_import(file: IO[bytes], filename: str, options: ImportOptions, user_id: int | None) -> int:
    """Store an uploaded feed, enqueue its import, and return the import's id."""
    import_id = uploads.store(file, filename, options, user_id)
    enqueue(IMPORT_FEED, import_id=import_id)
    return import_id


def run_import(import_id: int, outbox_id: int) -> None:
    """Import an uploaded feed and store its report; idempotent, also with two workers at once."""
    feed_import = queries.lock_unfinished(import_id)
    if feed_import is not None:
        feed_import.status = ImportStatus.RUNNING
        jobs.extend_lease(outbox_id, MAX_IMPORT_TIME)
        transactions.commit()
        feed_import = queries.lock_unfinished(import_id)
    if feed_import is not None:
        _import_upload(feed_import)
    if queries.get_import(import_id).finished_at is not None:
        jobs.done(outbox_id)


def describe_crash(fault: Exception) -> str:
    """Return what to tell of an error that no check has foreseen, on one line."""
    lines = str(getattr(fault, "orig", None) or fault).splitlines()
    return f"the import crashed ({type(fault).__name__}: {lines[0][:200] if lines else 'no message'})"


def _import_upload(feed_import: FeedImport) -> None:
    """Import in a savepoint, which a refusal rolls back; store the outcome in the caller's transaction."""
    try:
        with uploads.open_stored(feed_import.id) as file, db.session.begin_nested():
            report = import_feed(file, ImportOptions.from_dict(feed_import.options))
        feed_import.status = ImportStatus.DONE
    except FeedRefused as refusal:
        report = refusal.report
        feed_import.status = ImportStatus.FAILED
    except DomainError as refusal:
        report = Report()
        report.add_fault(feed_import.filename, None, refusal.detail, "nothing was imported")
        feed_import.status = ImportStatus.FAILED
    except (OperationalError, Contended):
        # The database's trouble, not the feed's: the job comes again.
        raise
    except Exception as fault:
        log.exception("the import %s crashed", feed_import.id)
        report = Report()
        report.add_fault(feed_import.filename, None, describe_crash(fault), "nothing was imported; report it")
        feed_import.status = ImportStatus.FAILED
    feed_import.report = report.to_dict()
    feed_import.finished_at = clock.now()
    feed_import.content = None
    db.session.flush()
