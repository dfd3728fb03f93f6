"""One transaction a request: an exception leaves nothing behind, effects leave after the commit only."""

from collections.abc import Iterator

import pytest
from flask_sqlalchemy import SQLAlchemy
from psycopg.errors import DeadlockDetected
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.jobs import celery
from falconbus.platform.kit.errors import Contended, DomainError
from falconbus.platform.mailing.jobs import SEND_MAIL


class Recorded(DomainError):
    recorded = True


def enqueue() -> None:
    jobs.enqueue(SEND_MAIL, mail_id=1)


def enqueue_twice() -> None:
    enqueue()
    enqueue()


def outbox(database: SQLAlchemy) -> int:
    database.session.rollback()
    return int(database.session.execute(text("SELECT count(*) FROM outbox")).scalar_one())


@pytest.fixture
def wakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How often the relay was told, and how many rows it would have found then."""
    told: list[int] = []
    monkeypatch.setattr(celery, "send_task", lambda *_, **__: told.append(1))
    return told  # type: ignore[return-value]


def test_work_is_committed_and_the_relay_told_once(database: SQLAlchemy, wakes: list[int]) -> None:
    transactions.run(enqueue_twice)
    assert outbox(database) == 2
    assert wakes == [1]


@pytest.mark.parametrize("fault", [ValueError("no"), DomainError("no"), KeyboardInterrupt()])
def test_an_exception_leaves_nothing_and_tells_nobody(
    fault: BaseException, database: SQLAlchemy, wakes: list[int]
) -> None:
    def work() -> None:
        enqueue()
        raise fault

    with pytest.raises(type(fault)):
        transactions.run(work)
    assert outbox(database) == 0
    assert wakes == []
    transactions.run(lambda: None)
    assert wakes == []


def test_a_refusal_that_is_a_fact_is_kept(database: SQLAlchemy, wakes: list[int]) -> None:
    def work() -> None:
        enqueue()
        raise Recorded

    with pytest.raises(Recorded):
        transactions.run(work)
    assert outbox(database) == 1
    assert wakes == [1]


def test_a_rolled_back_savepoint_drops_only_its_own_rows(database: SQLAlchemy, wakes: list[int]) -> None:
    def work() -> None:
        enqueue()
        with database.session.begin_nested() as savepoint:
            enqueue()
            savepoint.rollback()
        enqueue()

    transactions.run(work)
    assert outbox(database) == 2


def test_whoever_was_too_slow_tries_again_and_gives_up_in_the_end(database: SQLAlchemy) -> None:
    attempts: list[int] = []

    def work() -> None:
        attempts.append(transactions.attempt())
        raise Contended(DomainError("taken"))

    with pytest.raises(DomainError, match="taken"):
        transactions.run(work)
    assert attempts == list(range(transactions.ATTEMPTS))


def test_a_deadlock_is_tried_again_and_its_first_try_leaves_nothing(database: SQLAlchemy, wakes: list[int]) -> None:
    def work() -> str:
        enqueue()
        if transactions.attempt() == 0:
            raise OperationalError("UPDATE", {}, DeadlockDetected())
        return "done"

    assert transactions.run(work) == "done"
    assert outbox(database) == 1


def test_a_broker_that_is_away_costs_nobody_their_answer(database: SQLAlchemy, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def away(*_: object, **__: object) -> None:
        calls.append(1)
        raise ConnectionError("no broker")

    monkeypatch.setattr(celery, "send_task", away)
    monkeypatch.setattr(jobs, "_relay_waker", jobs.RelayWaker(celery))
    transactions.run(enqueue)
    transactions.run(enqueue)
    assert outbox(database) == 2
    assert calls == [1], "after the first failure the broker is left alone for a while"
