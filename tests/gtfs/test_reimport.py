"""A feed again, and its newer versions: what is sold stays sold, what is gone goes off sale."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from tests.calls import hold
from tests.gtfs.feeds import feed, gtfs_day, load, row, rows, today
from tests.gtfs.versions import another_coach, later, schedule_ids, sell, state
from tests.world import World


@pytest.fixture(autouse=True)
def _other_lines(world: World) -> Iterator[None]:
    """Other people's network is beside, and must not be touched."""
    before = state("WHERE id <= 2", "routes")
    yield
    assert state("WHERE id <= 2", "routes") == before
    assert row("SELECT count(*) FROM schedules WHERE route_id <= 2 AND active") == (1,)


def test_the_same_feed_again_changes_nothing(database: SQLAlchemy) -> None:
    dates = f"service_id,date,exception_type\nDAILY,{gtfs_day(today() + timedelta(days=9))},2\n"
    fares = "fare_id,price,currency_type\nf,100,ZAR\n"
    files = feed(calendar_dates=dates, fare_attributes=fares)
    load(files)
    before = state()
    report = load(files)
    assert state() == before
    assert (report.counts["schedules"], report.withdrawn, report.notes) == (0, [], [])


def test_a_stop_that_moved_or_has_another_name_is_updated(database: SQLAlchemy) -> None:
    load(feed())
    stops = feed()["stops.txt"].replace("Beta, Square", "Beta City, Square").replace("-24.0", "-24.5")
    load(feed(stops=stops))
    assert rows(
        "SELECT code, name, city, latitude FROM stops WHERE feed_key IN ('tl:b', 'tl:c') ORDER BY feed_key"
    ) == [
        ("BET", "Beta City, Square", "Beta City", -25.0),
        ("GAM", "Gamma, Mall", "Gamma", -24.5),
    ]


def test_what_people_corrected_by_hand_stays(database: SQLAlchemy) -> None:
    load(feed())
    stopped = schedule_ids()[3]
    database.session.execute(text("UPDATE stops SET city = 'Betaville', code = 'BTV' WHERE feed_key = 'tl:b'"))
    database.session.execute(text("UPDATE schedules SET active = false WHERE id = :id"), {"id": stopped})
    database.session.execute(text("UPDATE routes SET active = false WHERE feed_key LIKE 'tl:%'"))
    database.session.commit()
    load(feed(stops=feed()["stops.txt"].replace("Beta, Square", "Beta, Park")))
    assert row("SELECT code, city, name FROM stops WHERE feed_key = 'tl:b'") == ("BTV", "Betaville", "Beta, Park")
    assert row("SELECT active FROM schedules WHERE id = :id", id=stopped) == (False,)
    assert row("SELECT active FROM routes WHERE feed_key LIKE 'tl:%'") == (False,)


def test_a_changed_timetable_is_retired_and_made_anew(database: SQLAlchemy) -> None:
    load(feed())
    old, bus = row("SELECT id, bus_id FROM timetables WHERE feed_key = 'tl:T1:08:00:00'")
    count = len(schedule_ids())
    report = load(later(feed(), "09:00:00,09:05:00", "09:10:00,09:15:00"))
    assert report.counts["schedules"] == count
    assert row("SELECT active, feed_key FROM timetables WHERE id = :id", id=old) == (False, None)
    assert row("SELECT bus_id, arrivals FROM timetables WHERE feed_key = 'tl:T1:08:00:00'") == (bus, [0, 70, 150])
    assert row("SELECT count(*) FROM schedules WHERE timetable_id = :id", id=old) == (0,)


@pytest.mark.parametrize("paid", [True, False])
def test_a_departure_with_seats_is_withdrawn_and_listed(paid: bool, database: SQLAlchemy, client: FlaskClient) -> None:
    load(feed())
    ids = schedule_ids()
    booked = ids[4]
    if paid:
        sell(client, booked)
    else:
        hold(client, booked, "ALP", "BET")
    claims = rows("SELECT seat_claims::text, xmin::text FROM seat_claims")
    report = load(another_coach())
    withdrawn, *not_made = report.notes
    assert withdrawn.startswith("1 departures with sold seats are no longer in the feed; they are off sale, and run at")
    assert withdrawn.endswith(f"(POST /api/v1/schedules/ID/cancel): departure {booked}")
    assert [note.split(", ")[:2] for note in not_made] == (
        [["1 departures are not on sale", "the first The North Line"]] if paid else []
    )
    assert len(report.withdrawn) == 1
    assert "The North Line" in report.withdrawn[0]
    assert "08:00, 1 seats" in report.withdrawn[0]
    assert rows("SELECT seat_claims::text, xmin::text FROM seat_claims") == claims
    assert set(schedule_ids()) & set(ids) == {booked}
    assert row("SELECT active FROM schedules WHERE id = :id", id=booked) == (False,)
    assert load(another_coach()).withdrawn == []


def test_a_departure_that_the_new_timetable_makes_too_stays_on_sale(database: SQLAlchemy, client: FlaskClient) -> None:
    load(feed())
    ids = schedule_ids()
    sell(client, ids[4])
    report = load(later(feed(), "09:00:00,09:05:00", "09:10:00,09:15:00"))
    assert report.withdrawn == []
    assert report.counts["schedules"] == len(ids) - 1
    assert row("SELECT active FROM schedules WHERE id = :id", id=ids[4]) == (True,)
    assert len(schedule_ids()) == len(ids)
    hold(client, ids[4], "ALP", "GAM")


def test_days_that_no_longer_run_go_and_come_back(database: SQLAlchemy, client: FlaskClient) -> None:
    load(feed())
    ids = schedule_ids()
    sell(client, ids[4])
    (day,) = row(
        "SELECT (departure_time AT TIME ZONE 'Africa/Johannesburg')::date FROM schedules WHERE id = :id", id=ids[4]
    )
    dates = "service_id,date,exception_type\n" + "".join(
        f"DAILY,{gtfs_day(day + timedelta(days=more))},2\n" for more in (0, 1)
    )
    report = load(feed(calendar_dates=dates))
    assert len(report.withdrawn) == 1
    assert schedule_ids() == [*ids[:5], *ids[6:]]
    assert row("SELECT active FROM schedules WHERE id = :id", id=ids[4]) == (False,)
    assert load(feed(calendar_dates=dates)).counts["schedules"] == 0
    assert row("SELECT active FROM schedules WHERE id = :id", id=ids[4]) == (False,)
    assert load(feed()).counts["schedules"] == 1
    assert row("SELECT active FROM schedules WHERE id = :id", id=ids[4]) == (True,)
    assert len(schedule_ids()) == len(ids)


def test_a_route_that_left_the_feed_is_inactive_and_comes_back(database: SQLAlchemy, client: FlaskClient) -> None:
    load(feed())
    ids = schedule_ids()
    sell(client, ids[2])
    other = feed()
    other["stop_times.txt"] = other["stop_times.txt"].replace("T1,09:00:00,09:05:00,b,2\n", "")
    report = load(other)
    # The coach that is sold goes on as the one without the stop between.
    assert report.withdrawn == []
    assert row("SELECT active FROM schedules WHERE id = :id", id=ids[2]) == (True,)
    assert rows("SELECT active FROM routes WHERE feed_key LIKE 'tl:%' ORDER BY id") == [(False,), (True,)]
    load(feed())
    assert rows("SELECT active FROM routes WHERE feed_key LIKE 'tl:%' ORDER BY id") == [(True,), (False,)]
    assert row("SELECT active FROM schedules WHERE id = :id", id=ids[2]) == (True,)


def test_trips_with_other_names_keep_the_departures_that_are_sold(database: SQLAlchemy, client: FlaskClient) -> None:
    """Many publishers number their trips anew in each version."""
    load(feed())
    ids = schedule_ids()
    sell(client, ids[4])
    renamed = {name: content.replace("T1", "X9") for name, content in feed().items()}
    report = load(renamed)
    assert report.withdrawn == []
    assert row("SELECT active FROM schedules WHERE id = :id", id=ids[4]) == (True,)
    assert row("SELECT count(*) FROM buses WHERE number LIKE 'TL-%'") == (1,)
    assert len(schedule_ids()) == len(ids)


def test_what_people_put_on_by_hand_is_none_of_the_feeds_business(database: SQLAlchemy, world: World) -> None:
    load(feed())
    timetable_id, route_id = row("SELECT id, route_id FROM timetables WHERE feed_key LIKE 'tl:%'")
    insert = text(
        "INSERT INTO schedules (route_id, timetable_id, bus_id, departure_time, arrival_time, seats)"
        " SELECT route_id, timetable_id, :bus, departure_time + CAST(:delay AS interval),"
        " arrival_time + CAST(:delay AS interval), 12 FROM schedules WHERE id = :id RETURNING id"
    )
    database.session.rollback()
    template = {"bus": world.bus.id, "id": schedule_ids()[3]}
    extra_coach = database.session.scalar(insert, {**template, "delay": "0"})
    extra_hour = database.session.scalar(insert, {**template, "delay": "3 hours"})
    database.session.commit()
    load(feed())
    assert rows("SELECT active FROM schedules WHERE id IN (:a, :b)", a=extra_coach, b=extra_hour) == [(True,), (True,)]
    assert (timetable_id, route_id) == row("SELECT id, route_id FROM timetables WHERE feed_key LIKE 'tl:%'")
