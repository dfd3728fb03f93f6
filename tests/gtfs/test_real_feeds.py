"""Real feeds, as an independent reader reads them: every stop, every departure, every time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask_sqlalchemy import SQLAlchemy

from falconbus.gtfs import service
from falconbus.gtfs.options import ImportOptions
from falconbus.gtfs.report import Report
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from tests.gtfs.feeds import row, rows
from tests.gtfs.independent_reader import IndependentReader

#: They are others' work and not part of this one: beside it where somebody has put them, and else left out.
FEEDS = sorted((Path(__file__).parents[3] / "shared" / "gtfs").glob("*.zip"))
DAYS = 8
DEPARTURES = """
    SELECT split_part(timetable.feed_key, ':', 2), departure_time FROM schedules
    JOIN timetables AS timetable ON timetable.id = schedules.timetable_id ORDER BY schedules.id
"""
TIMES = """
    SELECT split_part(feed_key, ':', 2), departure_minutes, arrivals, departures,
           (SELECT array_agg(split_part(stops.feed_key, ':', 2) ORDER BY position)
            FROM route_stops JOIN stops ON stops.id = stop_id WHERE route_stops.route_id = timetables.route_id)
    FROM timetables
"""


@pytest.mark.skipif(not FEEDS, reason="there are no feeds beside the project")
@pytest.mark.parametrize("path", FEEDS, ids=lambda path: path.stem)
def test_a_real_feed_is_sold_as_it_is(path: Path, database: SQLAlchemy) -> None:
    reader = IndependentReader(path)

    def load() -> Report:
        options = ImportOptions(feed="real", shift_dates=True, horizon_days=DAYS)
        return transactions.run(lambda: service.import_feed(path, options))

    report = load()
    counts = report.counts
    assert (counts["stops"], counts["routes"], counts["timetables"]) == (
        reader.stops,
        reader.patterns,
        reader.timetables,
    )
    today, now = clock.today(reader.zone), datetime.now(UTC)
    moved = [int(note.split()[5]) for note in report.notes if note.startswith("all dates are moved by ")]
    weeks = moved[0] if moved else 0
    expected = {each for each in reader.departures(today - timedelta(days=7), DAYS + 8, weeks) if each[1] > now}
    departures = rows(DEPARTURES)
    assert set(departures) == expected
    assert len(departures) == counts["schedules"] == len(expected)
    rides = {ride.trip: ride for ride in reader.rides}
    for trip, minutes, arrivals, leaves, stops in rows(TIMES):
        calls = rides[trip].calls
        offset = minutes * 60 - (calls[0].departure or 0) // 60 * 60
        assert stops == [call.stop for call in calls]
        for call, arrives, departs in list(zip(calls, arrivals, leaves, strict=True))[1:-1]:
            if call.arrival is not None and call.departure is not None and offset == 0:
                assert (minutes + arrives, minutes + departs) == (call.arrival // 60, call.departure // 60)
    assert load().counts["schedules"] == 0
    assert row("SELECT count(*) FROM schedules") == (len(expected),)
