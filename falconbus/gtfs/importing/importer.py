"""Runs an import from beginning to end in the caller's transaction."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from falconbus.gtfs.errors import BadImportOption, FeedRefused, UnsureNetwork
from falconbus.gtfs.importing import (
    buses,
    calendars,
    calls,
    changes,
    fares,
    patterns,
    plan,
    pricing,
    routes,
    stops,
    timings,
    withdrawal,
)
from falconbus.gtfs.importing.agency import fill_brand
from falconbus.gtfs.importing.database import execute
from falconbus.gtfs.importing.long_rides import split_long_rides
from falconbus.gtfs.importing.networks import choose_network, remember_agencies
from falconbus.gtfs.importing.reading import read_feed
from falconbus.gtfs.importing.rows import check_rows
from falconbus.gtfs.importing.same_routes import match_routes
from falconbus.gtfs.importing.same_stops import match_stops
from falconbus.gtfs.importing.source import open_source
from falconbus.gtfs.importing.through_fares import add_through_prices
from falconbus.gtfs.importing.through_rides import join_rides
from falconbus.gtfs.options import ImportOptions, feed_name_from
from falconbus.gtfs.report import Report
from falconbus.network.defaults import ensure_defaults
from falconbus.platform.kit.settings import get_settings
from falconbus.timetable.service import make_schedules

#: Called with the name of the step, what is done of it, and the total.
Progress = Callable[[str, int, int], None]

STEPS = ("Checking", "Stop patterns", "Timetables", "Fares", "Network", "Schedules")
#: More than a bus line has: it may be a city's, or a mistake.
MANY_DEPARTURES = 1_000_000
# One import at a time: which network a feed is of is known only beside all those that are here.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('falconbus:gtfs', 0))"


class FeedImporter:
    """One import: its options, its progress callback and its report."""

    def __init__(self, options: ImportOptions, progress: Progress) -> None:
        self.report = Report()
        self._options = options
        self._progress = progress

    def run(self, location: Path | BinaryIO) -> Report:
        """Import the feed and make its schedules; FeedUnreadable or FeedRefused when it has faults."""
        _lift_session_limits()
        with open_source(location) as source:
            read_feed(
                source,
                self.report,
                lambda done, total: self._progress("Reading", done, total),
                skip_faulty=self._options.skip_faulty,
            )
        self._refuse_faults()
        self._report_step("Checking")
        check_rows(self.report, skip_faulty=self._options.skip_faulty)
        self._refuse_faults()
        execute(_LOCK)
        zone = self._analyze()
        self._merge(zone)
        return self.report

    def _identify_feed(self) -> str:
        """Choose the network that the feed is of, and return the first agency's time zone; UnsureNetwork."""
        agency = execute("SELECT agency_id, agency_name, agency_timezone FROM feed_agency ORDER BY line LIMIT 1").one()
        derived_name = feed_name_from(agency.agency_id or agency.agency_name)
        self.report.feed = choose_network(derived_name, self._options, self.report)
        return str(agency.agency_timezone)

    def _analyze(self) -> str:
        """Build patterns, timetables and prices in temporary tables; return the first agency's time zone."""
        report = self.report
        self._report_step("Stop patterns")
        calls.make_calls(report, skip_faulty=self._options.skip_faulty)
        self._refuse_faults()
        join_rides(report)
        zone = self._identify_feed()
        feed = report.feed
        patterns.make_patterns(feed, zone, report)
        self._report_step("Timetables")
        calendars.make_calendars(feed, zone, shift=self._options.shift_dates, report=report)
        timings.make_timetables(feed, report)
        self._refuse_faults()
        split_long_rides(report)
        self._refuse_faults()
        self._ask_before_millions(zone)
        self._report_step("Fares")
        fares.make_prices(self._options, report)
        add_through_prices()
        self._refuse_faults()
        pricing.check_currencies(self._options, report)
        return zone

    @property
    def _horizon(self) -> int:
        return self._options.horizon_days or get_settings().schedule_horizon_days

    def _ask_before_millions(self, zone: str) -> None:
        """Tell how many departures the feed makes where they are very many; BadImportOption unless it was asked for."""
        count = calendars.count_departures(zone, self._horizon)
        if count <= MANY_DEPARTURES:
            return
        told = f"the feed makes {count:,} departures in {self._horizon} days"
        if self._options.horizon_days is None:
            raise BadImportOption(
                f"{told}: say so if you mean it, or give fewer days"
                f" (SCHEDULE_HORIZON_DAYS too: the others are made day by day)",
                pointer="horizon_days",
            )
        self.report.note(told)

    def _merge(self, zone: str) -> None:
        """Merge the temporary tables into the network's tables."""
        feed, counts = self.report.feed, self.report.counts
        currency = pricing.choose_currency(self._options, zone)
        self._report_step("Network")
        remember_agencies(feed)
        ensure_defaults()
        layout_id = self._layout_id()
        withdrawal.record_departures(feed)
        on_sale = changes.record_former(feed)
        match_stops(feed, is_same_network=self._options.same_network)
        counts["stops"] = stops.merge_stops()
        match_routes(feed)
        counts["routes"] = routes.merge_routes(feed, currency)
        counts["fares"], changed_fares = fares.merge_fares()
        pricing.price_by_distance(self._options, currency, self.report)
        counts["calendars"] = plan.merge_calendars()
        plan.plan_timetables(feed)
        buses.assign_buses(feed, layout_id)
        plan.merge_timetables()
        counts.update(plan.count_timetables())
        fill_brand()
        self._report_step("Schedules")
        removed = withdrawal.withdraw(feed, self.report)
        changes.tell_changes(self.report, fares=changed_fares, removed=removed)
        timetable_ids = plan.timetable_ids()
        counts["schedules"] = make_schedules(self._options.horizon_days, timetable_ids)
        withdrawal.note_taken_buses(self._options.horizon_days, timetable_ids, self.report)
        self._tell_nothing_on_sale(on_sale, calendars.why_nothing_on_sale(zone, self._horizon, timetable_ids))

    def _tell_nothing_on_sale(self, on_sale_before: int, reason: str | None) -> None:
        """Note why nothing of the feed is on sale, if so; UnsureNetwork where that ends the sale of the whole line."""
        if reason is None:
            return
        if on_sale_before and not self._options.same_network:
            raise UnsureNetwork(
                f"{on_sale_before} departures of the network {self.report.feed} are on sale, and this feed takes all of"
                f" them off: {reason}. If that is meant, say --same-network (in an upload: same_network=true)"
            )
        self.report.note(reason)

    def _layout_id(self) -> int:
        layout_id = execute("SELECT id FROM seat_layouts WHERE code = :code", code=self._options.layout).scalar()
        if layout_id is None:
            known = ", ".join(execute("SELECT code FROM seat_layouts ORDER BY code").scalars())
            raise BadImportOption(f"there is no seat layout of that code; there are {known}", pointer="layout")
        return int(layout_id)

    def _report_step(self, name: str) -> None:
        self._progress(name, STEPS.index(name), len(STEPS))

    def _refuse_faults(self) -> None:
        if self.report.fault_count:
            raise FeedRefused(self.report)


def _lift_session_limits() -> None:
    """Lift the session's time limits, which are those of web requests."""
    for setting, value in (
        ("statement_timeout", "0"),
        ("lock_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"),
        # A killed import lets go of its locks within half a second, not when its statement ends.
        ("client_connection_check_interval", "500ms"),
        ("work_mem", "64MB"),
    ):
        execute("SELECT set_config(:setting, :value, true)", setting=setting, value=value)
