"""Thirty-two clients race for the last seats: the guard sells each once; the control without it shows the harm."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.app import FalconBus
from falconbus.inventory import claiming
from tests.calls import booking_body
from tests.world import World

CLIENTS = 32
STRETCHES = (("A", "B"), ("B", "C"), ("C", "D"), ("A", "C"), ("B", "D"), ("A", "D"))


def race(app: FalconBus, bodies: list[dict[str, object]]) -> Counter[str]:
    """Send all bodies from as many clients at once; how often each answer came."""
    answers: list[str] = []
    together = threading.Barrier(len(bodies))

    def send(body: dict[str, object]) -> None:
        together.wait()
        answer = app.test_client().post("/api/v1/bookings", json=body)
        answers.append(answer.json["code"] if answer.status_code != 201 else "held")

    threads = [threading.Thread(target=send, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(answers)


OVERSOLD = text("""
    SELECT count(*) FROM (
        SELECT t.schedule_id, t.seat_number, leg FROM tickets t
        JOIN journeys j ON j.booking_id = t.booking_id AND j.number = t.journey_number
        CROSS JOIN generate_series(j.origin_position, j.destination_position - 1) AS leg
        GROUP BY 1, 2, 3 HAVING count(*) > 1) double
""")


def oversold(database: SQLAlchemy) -> int:
    """Seats on a leg that more than one ticket has: counted from the tickets, not from the claims."""
    database.session.rollback()
    return int(database.session.execute(OVERSOLD).scalar_one())


def test_the_last_seats_go_to_exactly_as_many(world: World, app: FalconBus, database: SQLAlchemy) -> None:
    schedule = world.add_schedule()
    answers = race(app, [booking_body(schedule.id, fare_class="standard") for _ in range(CLIENTS)])
    assert answers == {"held": 8, "sold_out": CLIENTS - 8}
    assert oversold(database) == 0


def test_one_seat_goes_to_one(world: World, app: FalconBus, database: SQLAlchemy) -> None:
    schedule = world.add_schedule()
    answers = race(app, [booking_body(schedule.id, seats=["7"]) for _ in range(CLIENTS)])
    assert answers == {"held": 1, "seat_taken": CLIENTS - 1}
    assert oversold(database) == 0


def test_stretches_and_return_trips_crosswise_never_oversell_or_deadlock(
    world: World, app: FalconBus, database: SQLAlchemy
) -> None:
    back = world.add_timetable(world.add_route("D", "A"))
    out, home = world.add_schedule(), world.add_schedule(back, days=9)
    bodies = []
    for number in range(CLIENTS):
        body = booking_body(out.id, *random.choice(STRETCHES))
        body["journeys"].append({"schedule_id": home.id, "origin": "D", "destination": "A"})
        bodies.append({**body, "journeys": body["journeys"][:: 1 if number % 2 else -1]})
    answers = race(app, bodies)
    assert set(answers) <= {"held", "sold_out"}
    assert answers["held"] > 0
    assert oversold(database) == 0


UNGUARDED = text("""
    WITH claimed AS (INSERT INTO seat_claims (schedule_id, leg, seat_number, booking_id, held_until)
    SELECT w.schedule_id, w.leg, w.seat_number, :booking_id, CAST(:held_until AS timestamptz)
    FROM unnest(CAST(:schedules AS bigint[]), CAST(:legs AS smallint[]), CAST(:seats AS text[]),
        CAST(:buses AS integer[])) AS w(schedule_id, leg, seat_number, bus_id)
    WHERE CAST(:now AS timestamptz) IS NOT NULL RETURNING schedule_id
    )
    SELECT route_id, departure_time, count(*) AS seats FROM claimed JOIN schedules ON schedules.id = claimed.schedule_id
    GROUP BY route_id, departure_time
""")


@pytest.fixture
def without_the_guard(database: SQLAlchemy, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The control: claims without their primary key, written without asking for conflicts."""
    monkeypatch.setattr(claiming, "_CLAIM", UNGUARDED)
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE seat_claims DROP CONSTRAINT pk_seat_claims"))
    yield
    database.session.rollback()
    with database.engine.begin() as connection:
        connection.execute(text("TRUNCATE seat_claims"))
        connection.execute(
            text(
                "ALTER TABLE seat_claims ADD CONSTRAINT pk_seat_claims"
                " PRIMARY KEY (schedule_id, leg, seat_number) INCLUDE (held_until)"
            )
        )


@pytest.mark.usefixtures("without_the_guard")
def test_control_without_the_guard_the_race_sells_a_seat_twice(
    world: World, app: FalconBus, database: SQLAlchemy
) -> None:
    schedule = world.add_schedule()
    answers = race(app, [booking_body(schedule.id, seats=["7"]) for _ in range(CLIENTS)])
    assert answers["held"] > 1
    assert oversold(database) > 0


WAITING = text("""
    SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
""")


def wait_for_a_lock(database: SQLAlchemy) -> None:
    """Until somebody waits for a lock; a new transaction each time, because one sees the same activity all along."""
    deadline = time.monotonic() + 10
    waiting = 0
    while not waiting and time.monotonic() < deadline:
        with database.engine.connect() as connection:
            waiting = connection.execute(WAITING).scalar_one()
    assert waiting


def test_a_bus_that_changes_under_a_hold_is_seen(world: World, app: FalconBus, database: SQLAlchemy) -> None:
    """The seats were read before the change, and are claimed after it: the hold begins anew on the other bus."""
    schedule = world.add_schedule()
    tiny = world.add_bus("TINY", world.add_layout("tiny", standard=2))
    world.commit()
    answers: list[str] = []

    def send() -> None:
        answer = app.test_client().post("/api/v1/bookings", json=booking_body(schedule.id, seats=["12"]))
        answers.append(answer.json["code"])

    with database.engine.begin() as connection:
        connection.execute(text("SELECT 1 FROM schedules WHERE id = :id FOR UPDATE"), {"id": schedule.id})
        booking = threading.Thread(target=send)
        booking.start()
        wait_for_a_lock(database)
        connection.execute(
            text("UPDATE schedules SET bus_id = :bus WHERE id = :id"), {"bus": tiny.id, "id": schedule.id}
        )
    booking.join()
    assert answers == ["unknown_seat"]
