"""People and buses that several want at once: one gets them; the control without the guard shows the harm.

Somebody holds what all of them need until all wait for it: each has made its checks by then, and only the database
knows of the others.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.platform.database.engine import db
from falconbus.scheduling.appointments.models import Appointment
from tests.scheduling.charters import add_charter, tomorrow
from tests.scheduling.dispatch.consistency import check_consistent
from tests.scheduling.dispatch.office import Office
from tests.scheduling.people import add_person
from tests.world import World

CHARTERS = 8
Call = Callable[[], Any]
WAITING = """
    SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
TWICE = text("""
    SELECT count(*) FROM assignments a JOIN assignments b ON b.staff_id = a.staff_id AND b.id > a.id
        AND b.starts_at < a.ends_at AND b.ends_at > a.starts_at
    WHERE a.status = 'accepted' AND b.status = 'accepted'
""")
BUS_TWICE = text("""
    SELECT count(*) FROM appointments a JOIN appointments b ON b.bus_id = a.bus_id AND b.id > a.id
        AND b.starts_at < a.ends_at AND b.ends_at > a.starts_at
    WHERE a.status <> 'cancelled' AND b.status <> 'cancelled'
""")


def count(statement: Any) -> int:
    db.session.rollback()
    return int(db.session.execute(statement).scalar_one())


def outcome(charter: Appointment) -> str:
    """Its status, which fits its crew."""
    db.session.rollback()
    return check_consistent(charter.id)


class Race:
    """Calls made at once, from threads with a connection each."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url

    def run(self, calls: list[Call], lock: str, key: int) -> Counter[str]:
        """Hold a row until all of them wait for it; how often each answer came."""
        db.session.remove()
        answers: list[str] = []

        def send(call: Call) -> None:
            answer = call()
            answers.append("done" if answer.status_code == 200 else answer.json["code"])

        threads = [threading.Thread(target=send, args=(call,)) for call in calls]
        with psycopg.connect(self._url) as holder, psycopg.connect(self._url, autocommit=True) as watcher:
            holder.execute(lock, (key,))
            for thread in threads:
                thread.start()
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                row = watcher.execute(WAITING).fetchone()
                if row is not None and row[0] >= len(calls):
                    break
                time.sleep(0.02)
            else:
                pytest.fail("they do not wait for what is held")
        for thread in threads:
            thread.join()
        return Counter(answers)


PERSON = "SELECT 1 FROM users WHERE id = %s FOR NO KEY UPDATE"
BUS = "SELECT 1 FROM buses WHERE id = %s FOR UPDATE"
CHARTER = "SELECT 1 FROM appointments WHERE id = %s FOR UPDATE"


@pytest.fixture
def race(environment: dict[str, str]) -> Race:
    return Race(environment["DATABASE_URL"])


def overlapping(office: Office) -> list[Appointment]:
    """Charters of which any two overlap, all of them offered to Sipho."""
    charters = [add_charter(starts=tomorrow(10 + number % 3)) for number in range(CHARTERS)]
    for charter in charters:
        assert office.assign(charter, office.sipho).status_code == 200
    return charters


def acceptances(office: Office, charters: list[Appointment]) -> list[Call]:
    office.headers(office.sipho)
    return [partial(office.post, charter, "accept", office.sipho) for charter in charters]


def test_of_eight_charters_at_once_a_driver_accepts_one(office: Office, race: Race) -> None:
    charters = overlapping(office)
    assert race.run(acceptances(office, charters), PERSON, office.sipho.id) == {"done": 1, "staff_busy": 7}
    assert count(TWICE) == 0
    statuses = Counter(outcome(charter) for charter in charters)
    assert statuses == {"accepted": 1, "assigned": 7}


@contextmanager
def without(database: SQLAlchemy, table: str, constraint: str, then: str) -> Iterator[None]:
    """The control: the table without its guard, put back after what broke it is gone."""
    database.session.rollback()
    definition = text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name")
    with database.engine.begin() as connection:
        guard = connection.execute(definition, {"name": constraint}).scalar_one()
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"))
    try:
        yield
    finally:
        database.session.rollback()
        with database.engine.begin() as connection:
            connection.execute(text(then))
            connection.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {guard}"))


def test_control_without_the_guard_a_driver_is_in_eight_places(
    office: Office, race: Race, database: SQLAlchemy
) -> None:
    charters = overlapping(office)
    with without(database, "assignments", "ex_assignments_person", "TRUNCATE assignments CASCADE"):
        assert race.run(acceptances(office, charters), PERSON, office.sipho.id) == {"done": 8}
        assert count(TWICE) == 28


def wanting_one_bus(office: Office, world: World) -> list[Call]:
    """Two operators give the same bus to two charters that overlap."""
    other = add_person("other-operator", Role.OPERATOR)
    pairs = ((office.operator, office.sipho), (other, office.anna))
    calls: list[Call] = []
    for number, (operator, driver) in enumerate(pairs):
        charter = add_charter(starts=tomorrow(10 + number))
        body: dict[str, Any] = {"driver_id": driver.id, "bus_id": world.bus.id}
        office.headers(operator)
        calls.append(partial(office.post, charter, "assign", operator, **body))
    return calls


def test_two_operators_give_one_bus_to_one_charter(office: Office, race: Race, world: World) -> None:
    assert race.run(wanting_one_bus(office, world), BUS, world.bus.id) == {"done": 1, "bus_busy": 1}
    assert count(BUS_TWICE) == 0


def test_control_without_the_guard_two_charters_have_one_bus(
    office: Office, race: Race, world: World, database: SQLAlchemy
) -> None:
    calls = wanting_one_bus(office, world)
    with without(database, "appointments", "ex_appointments_bus", "UPDATE appointments SET bus_id = NULL"):
        assert race.run(calls, BUS, world.bus.id) == {"done": 2}
        assert count(BUS_TWICE) == 1


@pytest.mark.parametrize("turn", range(3))
def test_accepting_against_cancelling_ends_cancelled(office: Office, race: Race, turn: int) -> None:
    charter = add_charter()
    office.assign(charter, office.sipho, office.thabo)
    calls: list[Call] = [
        partial(office.post, charter, "accept", office.sipho),
        partial(office.post, charter, "accept", office.thabo),
        lambda: office.post(charter, "cancel", office.operator, reason="rain"),
    ]
    for who in (office.sipho, office.thabo, office.operator):
        office.headers(who)
    answers = race.run(calls, CHARTER, charter.id)
    assert set(answers) <= {"done", "already_answered"}
    assert outcome(charter) == "cancelled"


@pytest.mark.parametrize("turn", range(3))
def test_accepting_against_assigning_anew_leaves_one_who_drives(office: Office, race: Race, turn: int) -> None:
    charter = add_charter()
    office.assign(charter, office.sipho, office.thabo)
    calls: list[Call] = [
        lambda: office.post(charter, "accept", office.sipho),
        lambda: office.post(charter, "accept", office.thabo),
        lambda: office.assign(charter, office.anna, office.thabo),
    ]
    for who in (office.sipho, office.thabo, office.operator):
        office.headers(who)
    answers = race.run(calls, CHARTER, charter.id)
    assert set(answers) <= {"done", "already_answered"}
    assert outcome(charter) == "assigned"


@pytest.mark.parametrize("turn", range(3))
def test_taking_over_against_taking_it_back_leaves_one_who_drives(office: Office, race: Race, turn: int) -> None:
    charter = add_charter()
    office.accepted(charter, office.sipho)
    office.post(charter, "hand-over", office.sipho, to=office.anna.id)
    calls: list[Call] = [
        lambda: office.post(charter, "accept", office.anna),
        lambda: office.post(charter, "reject", office.sipho, reason="ill"),
    ]
    office.headers(office.anna)
    answers = race.run(calls, CHARTER, charter.id)
    assert answers == {"done": 1, "already_answered": 1}
    assert outcome(charter) in {"accepted", "rejected"}
