"""A row is handed over once, and again only when its message is gone; what is owed is never closed by time."""

import threading
from collections.abc import Callable
from contextvars import Context
from datetime import timedelta

import pytest
import time_machine
from redis.exceptions import RedisError
from sqlalchemy import text

from falconbus.app import FalconBus
from falconbus.platform import jobs, relay
from falconbus.platform.database import transactions
from falconbus.platform.jobs import Job, Queue
from falconbus.platform.kit import clock
from tests.platform.jobs.office import Office, every

GONE = Job("nobody.knows_this", Queue.DEFAULT)


def test_what_waits_in_its_queue_for_an_hour_is_handed_over_once(office: Office) -> None:
    office.enqueue(30)
    assert office.relay() == 30
    for now in every(timedelta(seconds=70), clock.now(), timedelta(hours=1)):
        with time_machine.travel(now, tick=False):
            assert office.relay() == 0
    assert office.waiting() == 30
    assert office.open() == 30
    attempts = "SELECT DISTINCT attempts, failed_at FROM outbox"
    assert office.database.session.execute(text(attempts)).all() == [(0, None)], "nobody has tried them"


def test_redis_emptied_with_an_hours_backlog_gets_each_again_once(office: Office) -> None:
    begun = clock.now()
    rows = office.enqueue(20)
    office.relay()
    with time_machine.travel(begun + timedelta(minutes=59), tick=False):
        rows += office.enqueue(10)
        assert office.relay() == 10
    office.broker.flushdb()
    for now in every(timedelta(seconds=50), begun + timedelta(minutes=59), timedelta(minutes=30)):
        with time_machine.travel(now, tick=False):
            office.relay()
    assert office.waiting() == 30
    taken = [office.take() for _ in rows]
    assert sorted(one["outbox_id"] for one in taken if one) == rows


def test_messages_that_came_after_redis_was_emptied_do_not_stand_for_the_lost_ones(office: Office) -> None:
    begun = clock.now()
    office.enqueue(5)
    office.relay()
    office.broker.flushdb()
    with time_machine.travel(begun + timedelta(seconds=70), tick=False):
        new = office.enqueue(1)
        assert office.relay() == 6, "the queue was empty then"
    office.broker.flushdb()
    with time_machine.travel(begun + timedelta(seconds=120), tick=False):
        new += office.enqueue(1)
        office.relay()
    with time_machine.travel(begun + timedelta(minutes=10), tick=False):
        assert office.relay() == 0, "within a minute before the oldest message nobody knows"
        assert office.take() is not None
        assert office.relay() == 0, "they are looked after again when their time is over"
    with time_machine.travel(begun + timedelta(minutes=12), tick=False):
        assert office.relay() == 7


def test_a_message_that_a_dead_worker_took_with_it_is_sent_again(office: Office) -> None:
    begun = clock.now()
    lost, held = office.enqueue(2)
    office.relay()
    assert office.take() == {"outbox_id": lost, "mail_id": 1}
    with time_machine.travel(begun + timedelta(seconds=50), tick=False):
        assert office.relay() == 0
        assert office.take() == {"outbox_id": held, "mail_id": 2}
        assert office.begin(held)
    with time_machine.travel(begun + timedelta(seconds=65), tick=False):
        assert office.relay() == 1
        assert office.take() == {"outbox_id": lost, "mail_id": 1}
        assert office.begin(lost)


def test_a_relay_killed_between_commit_and_send_is_made_good(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = clock.now()
    row, *_ = office.enqueue(3)

    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(jobs.celery, "send_task", killed)
        with pytest.raises(SystemExit):
            office.relay()
    assert office.waiting() == 0
    assert office.relay() == 0
    with time_machine.travel(begun + timedelta(seconds=65), tick=False):
        assert office.relay() == 3
    assert office.waiting() == 3
    assert office.row(row).attempts == 0


def test_a_broker_that_is_away_costs_no_row_its_turn(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    [row] = office.enqueue()
    with monkeypatch.context() as away:
        away.setattr(jobs.celery.conf, "broker_url", "redis://127.0.0.1:1/0")
        with pytest.raises(RedisError):
            office.relay()
    assert office.row(row).handed_over_at is None
    assert office.relay() == 1


def test_two_relays_at_once_hand_each_over_once(office: Office, app: FalconBus) -> None:
    office.enqueue(150)
    together = threading.Barrier(3)
    handed: list[int] = []

    def one() -> None:
        with app.app_context():
            together.wait()
            handed.append(transactions.run(relay.relay))

    threads = [threading.Thread(target=Context().run, args=(one,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(handed) == 150
    assert office.waiting() == 150


def in_threads(app: FalconBus, work: Callable[[], bool], number: int) -> list[bool]:
    found: list[bool] = []

    def one() -> None:
        with app.app_context():
            found.append(transactions.run(work))

    threads = [threading.Thread(target=Context().run, args=(one,)) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_a_message_that_comes_twice_is_begun_once(office: Office, app: FalconBus) -> None:
    [row] = office.enqueue()
    office.relay()
    assert sorted(in_threads(app, lambda: jobs.begin(row), 4)) == [False, False, False, True]
    assert office.row(row).attempts == 1
    office.finish(row)
    assert not office.begin(row), "what is done is not begun again"


def test_a_task_that_never_came_back_is_handed_over_again_and_counted(office: Office) -> None:
    [row] = office.enqueue()
    office.relay()
    office.take()
    assert office.begin(row)
    assert office.relay() == 0, "its lease still runs"
    now = clock.now()
    for _ in range(12):
        now += timedelta(minutes=16)
        with time_machine.travel(now, tick=False):
            assert office.relay() == 1
            office.take()
            assert office.begin(row)
    found = office.row(row)
    assert (found.attempts, found.failed_at) == (13, None)
    assert found.last_error == "its worker never came back"


def test_what_kills_its_worker_each_time_has_ever_longer_leases(office: Office) -> None:
    [row] = office.enqueue()
    leases = []
    with time_machine.travel(clock.now(), tick=False) as traveller:
        for _ in range(15):
            assert office.relay() == 1
            assert office.begin(row)
            found = office.row(row)
            leases.append((found.run_after - clock.now()).total_seconds())
            traveller.move_to(found.run_after)
    assert leases[:5] == [60] * 5
    assert leases[5:9] == [64, 128, 256, 512]
    assert leases[9:] == [900] * 6


def test_a_failed_job_is_tried_without_end_with_growing_delays(office: Office) -> None:
    [row] = office.enqueue()
    delays = []
    now = clock.now()
    for _ in range(20):
        with time_machine.travel(now, tick=False):
            assert office.relay() == 1
            office.take()
            assert office.begin(row)
            office.fail(row, "nobody answers")
            delays.append((office.row(row).run_after - now).total_seconds())
            assert office.relay() == 0
        now = office.row(row).run_after
    assert delays[:9] == [2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert set(delays[9:]) == {900}
    assert office.row(row).failed_at is None
    assert office.row(row).last_error == "nobody answers"


def test_what_is_refused_for_good_waits_for_a_person(office: Office) -> None:
    [row] = office.enqueue()
    office.relay()
    office.take()
    office.begin(row)
    office.fail(row, "550", retry=False)
    with time_machine.travel(clock.now() + timedelta(days=2), tick=False):
        assert office.relay() == 0
        assert office.row(row).failed_at is not None
        transactions.run(lambda: jobs.trim(timedelta(0)))
        assert transactions.run(lambda: jobs.try_again([row])) == [row]
        assert office.relay() == 1
        assert office.begin(row)
        assert transactions.run(lambda: jobs.try_again([row])) == [], "somebody is at it"
        office.finish(row)
        assert transactions.run(lambda: jobs.try_again([row])) == [], "what is done stays done"


def test_a_job_of_another_release_waits_a_day_for_it_and_is_then_shown(office: Office) -> None:
    begun = clock.now()
    [row] = office.enqueue(job=GONE)
    [known] = office.enqueue()
    office.relay()
    assert [office.take()] == [{"outbox_id": known, "mail_id": 1}]
    assert office.row(row).last_error == "no release here knows this job"
    for now in every(timedelta(minutes=30), begun, timedelta(hours=23)):
        with time_machine.travel(now, tick=False):
            office.relay()
    assert office.row(row).failed_at is None
    with time_machine.travel(begun + timedelta(hours=25), tick=False):
        office.relay()
        assert office.row(row).failed_at is not None
        assert office.waiting(Queue.DEFAULT) == 0
