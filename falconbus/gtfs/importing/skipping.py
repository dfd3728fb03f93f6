"""Leaves out the trips with faults, when an option asks for it.

Faulty rows are written to feed_faulty and go from the staging tables. Of stop_times.txt, frequencies.txt and
calendar_dates.txt all rows of the trip or the service go. What referred to them fails the next round of checks.
Agencies and fares are not left out: each holds for all trips.
"""

from falconbus.gtfs.importing.database import copy_rows, execute
from falconbus.gtfs.report import LISTED, Report

SKIPPABLE = frozenset({"stops", "routes", "trips", "stop_times", "calendar", "calendar_dates", "frequencies"})

_FAULTY = {file: f"(SELECT line FROM feed_faulty WHERE file = '{file}')" for file in sorted(SKIPPABLE)}  # noqa: S608

# In order. A fare whose last rule went with a route would hold everywhere: it goes, too.
_STEPS = (
    f"""
    CREATE TEMPORARY TABLE feed_faulty_trips ON COMMIT DROP AS
    SELECT trip_id FROM feed_trips WHERE line IN {_FAULTY["trips"]}
    UNION SELECT trip_id FROM feed_stop_times WHERE line IN {_FAULTY["stop_times"]}
    UNION SELECT trip_id FROM feed_frequencies WHERE line IN {_FAULTY["frequencies"]}
    """,  # noqa: S608  parts of this module, as below
    f"""
    CREATE TEMPORARY TABLE feed_faulty_services ON COMMIT DROP AS
    SELECT service_id FROM feed_calendar WHERE line IN {_FAULTY["calendar"]}
    UNION SELECT service_id FROM feed_calendar_dates WHERE line IN {_FAULTY["calendar_dates"]}
    """,  # noqa: S608
    f"""
    DELETE FROM feed_fare_attributes WHERE fare_id IN (
        SELECT rule.fare_id FROM feed_fare_rules AS rule
        LEFT JOIN (SELECT route_id FROM feed_routes WHERE line IN {_FAULTY["routes"]}) AS gone USING (route_id)
        GROUP BY rule.fare_id HAVING bool_and(gone.route_id IS NOT NULL))
    """,  # noqa: S608
    f"""
    DELETE FROM feed_fare_rules
    WHERE route_id IN (SELECT route_id FROM feed_routes WHERE line IN {_FAULTY["routes"]})
       OR fare_id NOT IN (SELECT fare_id FROM feed_fare_attributes WHERE fare_id IS NOT NULL)
    """,  # noqa: S608
    "DELETE FROM feed_stop_times WHERE trip_id IN (SELECT trip_id FROM feed_faulty_trips)",
    "DELETE FROM feed_frequencies WHERE trip_id IN (SELECT trip_id FROM feed_faulty_trips)",
    "DELETE FROM feed_calendar WHERE service_id IN (SELECT service_id FROM feed_faulty_services)",
    "DELETE FROM feed_calendar_dates WHERE service_id IN (SELECT service_id FROM feed_faulty_services)",
    # Rows without an id, or of a trip that is not there.
    *(f"DELETE FROM feed_{file} WHERE line IN {_FAULTY[file]}" for file in sorted(SKIPPABLE - {"trips"})),  # noqa: S608
)
_LEAVE_OUT = f"""
    DELETE FROM feed_trips
    WHERE line IN {_FAULTY["trips"]} OR trip_id IN (SELECT trip_id FROM feed_faulty_trips)
    RETURNING trip_id
"""  # noqa: S608


def create_table() -> None:
    """Create feed_faulty, the places of rows that are to go."""
    execute("CREATE TEMPORARY TABLE feed_faulty (file text, line int) ON COMMIT DROP")


def mark_faulty(file: str, lines: list[int]) -> None:
    """Add the lines of a file to feed_faulty."""
    copy_rows("feed_faulty", ("file", "line"), ((file, line) for line in lines))


def leave_out_faulty(report: Report) -> None:
    """Delete the rows in feed_faulty from the staging tables, with their trips, and name these in the report."""
    for statement in _STEPS:
        execute(statement)
    gone = [trip_id or "(without a trip_id)" for trip_id in execute(_LEAVE_OUT).scalars()]
    execute("DROP TABLE feed_faulty_trips, feed_faulty_services")
    execute("TRUNCATE feed_faulty")
    if gone:
        names = ", ".join(name[:40] for name in gone[:LISTED]) + (", ..." if len(gone) > LISTED else "")
        report.note(f"{len(gone)} trips with faults are left out: {names}")
        report.counts["left_out"] = report.counts.get("left_out", 0) + len(gone)
    if not execute("SELECT EXISTS (SELECT FROM feed_trips)").scalar_one():
        report.add_fault("trips.txt", None, "has no trip without faults", "mend them")
