"""A periodic job runs once a slot, whichever beat starts it, and goes on when the clock is set."""

import threading
from contextvars import Context
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine
from celery.schedules import schedule
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.app import FalconBus
from falconbus.platform import periodic_slots
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.jobs import celery
from falconbus.platform.periodic_slots import take_slot
from workers.beat import SteadyScheduler

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
EVERY = timedelta(seconds=30)


def taken(at: datetime) -> bool:
    return transactions.run(lambda: take_slot("tests.job", EVERY, at))


@pytest.mark.usefixtures("database")
def test_a_slot_is_taken_once() -> None:
    assert taken(NOON)
    assert not taken(NOON + timedelta(seconds=29))
    assert taken(NOON + timedelta(seconds=30))
    assert not taken(NOON + timedelta(seconds=59))


def test_the_time_is_the_databases_own(database: SQLAlchemy) -> None:
    with time_machine.travel(NOON, tick=False):
        assert abs(periodic_slots.database_time() - NOON) > timedelta(minutes=1)


def test_beats_at_the_same_moment_take_it_once(app: FalconBus, database: SQLAlchemy) -> None:
    for start in (NOON, NOON - timedelta(minutes=15)):
        found: list[bool] = []
        together = threading.Barrier(4)

        def one(at: datetime = start, found: list[bool] = found, together: threading.Barrier = together) -> None:
            with app.app_context():
                together.wait()
                found.append(transactions.run(lambda: take_slot("tests.job", EVERY, at)))

        threads = [threading.Thread(target=Context().run, args=(one,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == [False, False, False, True]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("step", [-7, -20, -29, -31, -45, -61, -900, -86400, 20, 31, 900])
def test_a_clock_that_is_set_delays_the_job_by_one_period_at_most(step: int) -> None:
    """Beat asks each 30 seconds of real time, at any phase of the slot."""
    for phase in (0, 3, 11, 27):
        real, runs = NOON + timedelta(seconds=phase), []
        for number in range(40):
            shown = real + timedelta(seconds=step if number >= 20 else 0)
            if taken(shown):
                runs.append(number)
            real += EVERY
        assert max(later - earlier for earlier, later in pairwise(runs)) <= 2
        assert len(runs) >= 38
        transactions.run(_forget)


def _forget() -> None:
    db.session.execute(text("DELETE FROM periodic_runs"))


def test_beat_does_not_wait_for_a_clock_that_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[datetime] = []
    scheduler = SteadyScheduler(celery, lazy=True)
    scheduler._store = {"entries": {}}  # noqa: SLF001  what opening the file would make
    scheduler.add(name="tests.job", task="tests.job", schedule=schedule(EVERY))
    monkeypatch.setattr(scheduler, "apply_entry", lambda *_, **__: sent.append(datetime.now(UTC)))
    monkeypatch.setattr(SteadyScheduler, "producer", None)
    for start in (NOON, NOON - timedelta(minutes=15)):
        sent.clear()
        for second in range(0, 120, 3):
            with time_machine.travel(start + timedelta(seconds=second), tick=False):
                scheduler.tick()
        assert len(sent) in {3, 4}
