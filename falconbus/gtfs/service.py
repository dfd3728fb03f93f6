"""Feeds in: from a file at once, or from an upload by a worker."""

from pathlib import Path
from typing import BinaryIO

from falconbus.gtfs.importing.steps import FeedImporter, Progress
from falconbus.gtfs.options import ImportOptions
from falconbus.gtfs.report import Report


def _silent(_step: str, _done: int, _total: int) -> None:
    pass


def import_feed(place: Path | BinaryIO, options: ImportOptions, progress: Progress = _silent) -> Report:
    """Import a GTFS feed, a ZIP or a folder: all of it, with its schedules on sale, or nothing.

    The caller's transaction is the import's: FeedUnreadable and FeedRefused (with its report of faults) must roll it
    back. The same feed again changes nothing; a newer version brings the network up to date and touches no sold seat.
    """
    return FeedImporter(options, progress).run(place)
