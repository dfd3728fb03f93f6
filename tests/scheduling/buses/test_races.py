"""A charter and a departure race for a bus: one gets it. The controls, without the guard, let both have it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from falconbus.network.models import Bus
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import Appointment
from falconbus.timetable.models import Schedule
from tests.scheduling.buses.claims import RULE, both, depart, give, rule_of
from tests.scheduling.charters import add_charter, tomorrow
from tests.world import World

ROUNDS = 60
Work = Callable[[Connection], object]


@pytest.fixture
def bus(world: World) -> Bus:
    """A bus that nothing uses yet."""
    bus = world.add_bus("FB-2", world.layout)
    world.commit()
    return bus


@contextmanager
def without(database: SQLAlchemy, change: str, back: str) -> Iterator[None]:
    """The database without a part of its guard, for a control."""
    with database.engine.begin() as connection:
        connection.execute(text(change))
    try:
        yield
    finally:
        with database.engine.begin() as connection:
            connection.execute(text(back))


def attempt(engine: Engine, work: Work) -> str:
    """Do it in a transaction of its own; the rule that refused it, or the fault that should not be."""
    try:
        with engine.begin() as connection:
            work(connection)
    except IntegrityError as fault:
        return rule_of(fault) or "another rule"
    except DBAPIError as fault:
        return type(fault.orig).__name__
    return "got it"


def race(engine: Engine, rounds: list[list[Work]]) -> list[Counter[str]]:
    """Each round's works at once, each in a thread with a connection of its own; what came out."""
    crowd = len(rounds[0])
    together = threading.Barrier(crowd)

    def run(place: int) -> list[str]:
        answers = []
        for works in rounds:
            together.wait()
            answers.append(attempt(engine, works[place]))
        return answers

    with ThreadPoolExecutor(crowd) as pool:
        columns = list(pool.map(run, range(crowd)))
    return [Counter(answers) for answers in zip(*columns, strict=True)]


def duels(world: World, bus: Bus) -> list[list[Work]]:
    """Each round a charter and a departure want the bus for the same day; now one comes first, now the other."""
    rounds: list[list[Work]] = []
    for day in range(1, ROUNDS + 1):
        works = [
            _giving(add_charter(starts=tomorrow(10, days=day)), bus),
            _departing(world, bus, tomorrow(9, days=day)),
        ]
        rounds.append(works[:: 1 if day % 2 else -1])
    return rounds


def _giving(charter: Appointment, bus: Bus) -> Work:
    charter_id, bus_id = charter.id, bus.id
    return lambda connection: give(connection, charter_id, bus_id)


def _departing(world: World, bus: Bus, at: Any) -> Work:
    timetable_id, bus_id = world.timetable.id, bus.id
    return lambda connection: depart(connection, timetable_id, bus_id, at)


def test_of_a_charter_and_a_departure_one_gets_the_bus(world: World, bus: Bus, database: SQLAlchemy) -> None:
    outcomes = race(database.engine, duels(world, bus))
    assert outcomes == [{"got it": 1, RULE: 1}] * ROUNDS
    assert both() == 0


def test_control_without_the_triggers_both_get_it(world: World, bus: Bus, database: SQLAlchemy) -> None:
    rounds = duels(world, bus)
    off = "ALTER TABLE schedules {0} TRIGGER USER; ALTER TABLE appointments {0} TRIGGER USER"
    with without(database, off.format("DISABLE"), off.format("ENABLE")):
        outcomes = race(database.engine, rounds)
    assert outcomes == [{"got it": 2}] * ROUNDS
    assert both() == ROUNDS


def test_departures_that_move_race_with_charters_too(world: World, bus: Bus, database: SQLAlchemy) -> None:
    rounds: list[list[Work]] = []
    for day in range(1, ROUNDS + 1):
        schedule = world.add_schedule(bus=bus, at=tomorrow(4, days=day))
        rounds.append([_giving(add_charter(starts=tomorrow(10, days=day)), bus), _moving(schedule)])
    assert race(database.engine, rounds) == [{"got it": 1, RULE: 1}] * ROUNDS
    assert both() == 0


def _moving(schedule: Schedule) -> Work:
    move = text("UPDATE schedules SET arrival_time = arrival_time + interval '5 hours' WHERE id = :id")
    values = {"id": schedule.id}
    return lambda connection: connection.execute(move, values)


def test_charters_among_themselves_never_wait_in_a_circle(world: World, bus: Bus, database: SQLAlchemy) -> None:
    crowd = [[_giving(add_charter(starts=tomorrow(10, days=day)), bus) for _ in range(4)] for day in range(1, 21)]
    assert race(database.engine, crowd) == [{"got it": 1, "ex_appointments_bus": 3}] * 20


def waiting(database: SQLAlchemy) -> bool:
    """Whether somebody waits for a lock here, within ten seconds."""
    sees = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    end = time.monotonic() + 10
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while time.monotonic() < end:
            if connection.execute(sees).scalar_one():
                return True
            time.sleep(0.01)
    return False


def second(database: SQLAlchemy, first: Work, then: Work, *, commits: bool = True) -> str:
    """What becomes of who comes while the first has written and not yet committed: it waits, then gets its answer."""
    with ThreadPoolExecutor(1) as pool, database.engine.connect() as connection:
        first(connection)
        later: Future[str] = pool.submit(attempt, database.engine, then)
        assert waiting(database)
        assert not later.done()
        connection.commit() if commits else connection.rollback()
        return later.result(10)


@pytest.mark.parametrize("charter_first", [True, False])
def test_who_comes_second_waits_and_sees_the_first(
    world: World, bus: Bus, database: SQLAlchemy, charter_first: bool
) -> None:
    for day in (1, 2):
        works = [
            _giving(add_charter(starts=tomorrow(10, days=day)), bus),
            _departing(world, bus, tomorrow(9, days=day)),
        ]
        first, then = works if charter_first else works[::-1]
        # The second day the first one gives up: the other gets the bus.
        assert second(database, first, then, commits=day == 1) == (RULE if day == 1 else "got it")
    assert both() == 0


@pytest.mark.parametrize("charter_first", [True, False])
def test_a_departure_that_only_moves_waits_as_well(
    world: World, bus: Bus, database: SQLAlchemy, charter_first: bool
) -> None:
    schedule = world.add_schedule(bus=bus, at=tomorrow(4))
    works = [_giving(add_charter(starts=tomorrow(10)), bus), _moving(schedule)]
    first, then = works if charter_first else works[::-1]
    assert second(database, first, then) == RULE


def test_control_without_the_lock_of_the_bus_both_get_it(world: World, bus: Bus, database: SQLAlchemy) -> None:
    """Looking alone is not enough: who has not committed is not seen."""
    source = text("SELECT pg_get_functiondef('check_charter_bus'::regproc)")
    whole = str(database.session.execute(source).scalar_one())
    database.session.rollback()
    lock = "PERFORM FROM buses WHERE id = NEW.bus_id FOR UPDATE;"
    assert lock in whole
    charter = _giving(add_charter(starts=tomorrow(10)), bus)
    with without(database, whole.replace(lock, ""), whole), database.engine.connect() as connection:
        depart(connection, world.timetable.id, bus.id, tomorrow(9))
        assert attempt(database.engine, charter) == "got it"
        connection.commit()
    assert both() == 1


def test_departures_of_one_bus_do_not_wait_for_each_other(world: World, bus: Bus, database: SQLAlchemy) -> None:
    with database.engine.connect() as connection:
        depart(connection, world.timetable.id, bus.id, clock.now() + timedelta(days=1))
        assert attempt(database.engine, _departing(world, bus, clock.now() + timedelta(days=2))) == "got it"
        connection.commit()
