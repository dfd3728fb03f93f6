"""What an operator has cancelled is not put back on sale by a newer feed, or the report says so."""

from flask_sqlalchemy import SQLAlchemy

from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.timetable.models import Schedule
from tests.gtfs.feeds import ZONE, feed, gtfs_day, load, row
from tests.gtfs.versions import later, schedule_ids


def cancel(schedule_id: int) -> None:
    db.session.get_one(Schedule, schedule_id).cancel("No driver", at=clock.now())
    db.session.commit()


def test_no_feed_puts_a_cancelled_departure_back_on_sale(database: SQLAlchemy) -> None:
    load(feed())
    first, *_ = schedule_ids()
    cancel(first)
    day = gtfs_day(clock.local(db.session.get_one(Schedule, first).departure_time, ZONE).date())
    without = feed(calendar_dates=f"service_id,date,exception_type\nDAILY,{day},2\n")
    for files in (feed(), without, feed()):
        load(files)
        assert row("SELECT active, cancellation_reason FROM schedules WHERE id = :id", id=first) == (False, "No driver")
        same = "SELECT count(*) FROM schedules JOIN schedules c USING (route_id, departure_time) WHERE c.id = :id"
        assert row(same, id=first) == (1,)


def test_a_feed_that_moves_a_cancelled_departure_says_so(database: SQLAlchemy) -> None:
    load(feed())
    cancel(schedule_ids()[0])
    said = "1 departures that are cancelled run at other times"
    assert not any(note.startswith(said) for note in load(feed()).notes)
    assert any(note.startswith(said) for note in load(later(feed())).notes)
