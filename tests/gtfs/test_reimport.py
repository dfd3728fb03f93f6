"""A feed again, and its newer versions: what is sold stays sold, what is gone goes off sale."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from falconbus.app import FalconBus
from falconbus.gtfs.importing import withdrawal
from falconbus.platform.database.engine import db
from tests.calls import hold, pay
from tests.gtfs.feeds import Feed, feed, gtfs_day, load, row, rows, today
from tests.world import World

TABLES = (
    "stops",
    "routes",
    "route_stops",
    "segment_fares",
    "calendars",
    "calendar_dates",
    "timetables",
    "schedules",
    "buses",
    "seat_layouts",
    "seats",
    "fare_classes",
)


@pytest.fixture(autouse=True)
def _other_lines(world: World) -> Iterator[None]:
    """Other people's network is beside, and must not be touched."""
    before = state("WHERE id <= 2", "routes")
    yield
    assert state("WHERE id <= 2", "routes") == before
    assert row("SELECT count(*) FROM schedules WHERE route_id <= 2 AND active") == (1,)


def state(condition: str = "", *tables: str) -> dict[str, list[Any]]:
    """Every row with the transaction that last wrote it: an update that changes nothing is one too."""
    return {
        table: rows(f"SELECT {table}::text, xmin::text FROM {table} {condition} ORDER BY 1")
        for table in tables or TABLES
    }


def later(files: Feed, old: str = "08:00:00,08:00:00", new: str = "08:10:00,08:10:00") -> Feed:
    """A newer version whose coach leaves at other times."""
    assert old in files["stop_times.txt"]
    return {**files, "stop_times.txt": files["stop_times.txt"].replace(old, new)}


def another_coach() -> Feed:
    """A newer version with another trip, an hour earlier, in the place of the one of the base feed."""
    files = later(feed(), "08:00:00,08:00:00", "07:00:00,07:00:00")
    return {name: content.replace("T1", "X9") for name, content in files.items()}


def schedule_ids() -> list[int]:
    return [key for (key,) in rows("SELECT s.id FROM schedules s JOIN routes r ON r.id = route_id"
                                   " WHERE r.feed_key LIKE 'tl:%' ORDER BY departure_time")]  # fmt: skip


def sell(client: FlaskClient, schedule_id: int, origin: str = "ALP", destination: str = "GAM") -> str:
    """A confirmed booking; its reference."""
    held = hold(client, schedule_id, origin, destination)
    assert pay(client, held).status_code == 201
    return str(held["reference"])


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
    assert withdrawn == "1 departures with sold seats are no longer in the feed; they are off sale"
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
    assert len(report.withdrawn) == 1
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


def test_two_imports_of_one_feed_at_once_are_one_after_the_other(app: FalconBus, database: SQLAlchemy) -> None:
    def once(_: int) -> int:
        with app.app_context():
            return load(feed()).counts["schedules"]

    with ThreadPoolExecutor(4) as pool:
        made = sorted(pool.map(once, range(4)))
    assert made[:3] == [0, 0, 0]
    assert len(schedule_ids()) == made[3]


def import_while_a_seat_is_claimed(app: FalconBus, schedule_id: int) -> None:
    """A newer version comes while somebody's claim on a departure that it drops is written and not yet committed."""

    def renew() -> None:
        with app.app_context():
            load(later(feed()))

    booking = text(
        "INSERT INTO bookings (reference, status, email, total, currency, created_at, expires_at)"
        " VALUES ('ABCDEFGH', 'held', 'thandi@example.com', 1, 'ZAR', now(), now() + interval '1 hour') RETURNING id"
    )
    claim = text(
        "INSERT INTO seat_claims (schedule_id, leg, seat_number, booking_id) VALUES (:schedule, 0, '1', :booking)"
    )
    waiting = text(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database())"
    )
    with ThreadPoolExecutor(1) as pool, db.engine.connect() as connection, db.engine.connect() as watching:
        booking_id = connection.execute(booking).scalar_one()
        connection.execute(claim, {"schedule": schedule_id, "booking": booking_id})
        renewed = pool.submit(renew)
        for _ in range(400):
            if watching.execute(waiting).scalar_one():
                break
            time.sleep(0.01)
            watching.rollback()
        connection.commit()
        renewed.result(timeout=20)


def test_an_import_waits_for_a_claim_that_is_being_made(app: FalconBus, database: SQLAlchemy) -> None:
    load(feed())
    schedule_id = schedule_ids()[7]
    import_while_a_seat_is_claimed(app, schedule_id)
    moved = "SELECT (departure_time AT TIME ZONE 'Africa/Johannesburg')::time::text FROM schedules WHERE id = :id"
    assert row(moved, id=schedule_id) == ("08:10:00",)
    assert row("SELECT count(*) FROM seat_claims WHERE schedule_id = :id", id=schedule_id) == (1,)


def test_without_its_lock_an_import_would_delete_what_is_being_booked(
    app: FalconBus, database: SQLAlchemy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: only the foreign key is left to stop it, and it stops the whole import."""
    monkeypatch.setattr(withdrawal, "_LOCK", "SELECT")
    load(feed())
    with pytest.raises(IntegrityError, match="fk_seat_claims_schedule_id"):
        import_while_a_seat_is_claimed(app, schedule_ids()[7])


def test_a_seat_is_not_claimed_on_a_departure_while_it_is_deleted(
    app: FalconBus, database: SQLAlchemy, client: FlaskClient
) -> None:
    """Holds and a new version at once: each hold is refused, or its departure stands with its claims."""
    load(feed())
    ids = schedule_ids()

    def book(schedule_id: int) -> int:
        body = {
            "journeys": [{"schedule_id": schedule_id, "origin": "ALP", "destination": "GAM"}],
            "passengers": [{"name": "Thandi", "type": "adult"}],
            "contact": {"email": "thandi@example.com", "phone": "+27 82 000 0000"},
        }
        return app.test_client().post("/api/v1/bookings", json=body).status_code

    def renew() -> None:
        with app.app_context():
            load(later(feed()))

    with ThreadPoolExecutor(4) as pool:
        renewed = pool.submit(renew)
        codes = list(pool.map(book, ids[:40]))
        renewed.result()
    assert set(codes) <= {201, 404, 409, 422}
    claimed = {key for (key,) in rows("SELECT DISTINCT schedule_id FROM seat_claims")}
    assert len(claimed) == codes.count(201)
    assert claimed <= set(schedule_ids())
