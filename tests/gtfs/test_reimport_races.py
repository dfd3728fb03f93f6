"""Two imports at once, and an import while a seat is claimed."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from falconbus.app import FalconBus
from falconbus.gtfs.importing import withdrawal
from falconbus.platform.database.engine import db
from tests.gtfs.feeds import feed, load, row, rows
from tests.gtfs.versions import later, schedule_ids, state
from tests.world import World


@pytest.fixture(autouse=True)
def _other_lines(world: World) -> Iterator[None]:
    """Other people's network is beside, and must not be touched."""
    before = state("WHERE id <= 2", "routes")
    yield
    assert state("WHERE id <= 2", "routes") == before
    assert row("SELECT count(*) FROM schedules WHERE route_id <= 2 AND active") == (1,)


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
