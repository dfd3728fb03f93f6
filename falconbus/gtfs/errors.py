"""Why a feed is not imported."""

from falconbus.gtfs.report import Report
from falconbus.platform.kit.errors import DomainError, Invalid


class FeedUnreadable(DomainError):
    """What was given is no feed at all: not a ZIP, damaged, or something else's ZIP."""

    status = 422
    code = "feed_unreadable"
    title = "The file is not a readable GTFS feed"


class FeedRefused(DomainError):
    """The feed has faults; nothing of it was imported. `report` lists them."""

    status = 422
    code = "feed_refused"
    title = "The feed has faults; nothing was imported"

    def __init__(self, report: Report) -> None:
        super().__init__(f"the feed has {report.fault_count} faults; nothing was imported")
        self.report = report


class BadImportOption(Invalid):
    code = "bad_import_option"
    title = "An option of the import will not do"
