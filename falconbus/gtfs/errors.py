"""Refusals of a feed."""

from falconbus.gtfs.report import Report
from falconbus.platform.kit.errors import DomainError, Invalid


class FeedUnreadable(DomainError):
    """The input is no feed: not a ZIP, damaged, or a ZIP of something else."""

    status = 422
    code = "feed_unreadable"
    title = "The file is not a readable GTFS feed"


class FeedRefused(DomainError):
    """The feed has faults; nothing of it was imported. `report` lists them."""

    status = 422
    code = "feed_refused"
    title = "The feed has faults; nothing was imported"

    def __init__(self, report: Report) -> None:
        faults = "a fault" if report.fault_count == 1 else f"{report.fault_count} faults"
        super().__init__(f"the feed has {faults}; nothing was imported")
        self.report = report


class BadImportOption(Invalid):
    code = "bad_import_option"
    title = "An option of the import will not do"


class UnsureNetwork(Invalid):
    """Whether the feed is a version of a network that is here, or another one: whoever imports it must say so."""

    code = "unsure_network"
    title = "The feed may be a version of a network that is here, or another one"
