"""The number that Redis keeps for the live process: right after each commit, however many change it at once."""

import logging
from threading import Barrier, Thread

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.platform.database import transactions
from falconbus.platform.kit.redis_connection import cache_redis
from falconbus.scheduling.inbox import reading
from falconbus.scheduling.notifications import counters, counting
from falconbus.scheduling.notifications.counting import UnreadCountPublisher
from falconbus.scheduling.notifications.models import NotificationKind
from falconbus.scheduling.notifications.service import Message, notify
from tests.conftest import SECRET_KEY
from tests.counting import statements
from tests.scheduling.notifications.telling import ADDRESS, kept, tell
from tests.scheduling.people import add_person, headers_of


@pytest.fixture(autouse=True)
def publisher(monkeypatch: pytest.MonkeyPatch) -> UnreadCountPublisher:
    """A memory of Redis's absences that other tests have no part in."""
    own = UnreadCountPublisher()
    monkeypatch.setattr(counting, "_publisher", own)
    return own


def test_each_change_is_counted_after_its_commit(client: FlaskClient, database: SQLAlchemy) -> None:
    sipho, naledi = add_person("sipho", Role.DRIVER), add_person("naledi", Role.DRIVER)
    headers = headers_of(sipho)
    key = tell(sipho, naledi)
    tell(sipho)
    assert (kept(sipho), kept(naledi)) == (2, 1)
    client.post(f"{ADDRESS}/{key - 1}/read", headers=headers)
    assert kept(sipho) == 1
    client.delete(f"{ADDRESS}/{key - 1}/read", headers=headers)
    assert kept(sipho) == 2
    client.post(f"{ADDRESS}/read", json={}, headers=headers)
    assert (kept(sipho), kept(naledi)) == (0, 1)
    assert 0 < cache_redis().ttl(f"notifications:unread:{sipho.id}") <= counters.TTL


def test_what_is_rolled_back_is_not_counted(database: SQLAlchemy) -> None:
    sipho = add_person("sipho", Role.DRIVER)

    def tell_and_fail() -> None:
        notify([sipho.id], Message(kind=NotificationKind.CHANGED, title="Changed", message="It has."))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        transactions.run(tell_and_fail)
    assert kept(sipho) is None


def test_thirty_who_are_told_at_once_cost_one_count(database: SQLAlchemy) -> None:
    people = [add_person(f"person{number}", Role.OPERATOR) for number in range(30)]
    message = Message(kind=NotificationKind.REQUESTED, title="A request", message="Somebody asks for a charter.")

    def tell_twice() -> None:
        for _ in range(2):
            notify([one.id for one in people], message)

    with statements() as sent:
        transactions.run(tell_twice)
    assert len([one for one in sent if "FROM unread_notifications" in one]) == 1
    assert [kept(one) for one in people] == [2] * 30


def test_who_counted_too_early_does_not_overwrite_who_counted_later(database: SQLAlchemy) -> None:
    redis = cache_redis()
    early = counters.mark(redis, [7, 8])
    later = counters.mark(redis, [7])
    counters.store(redis, later, {7: 5})
    counters.store(redis, early, {7: 4, 8: 1})
    assert counters.read(redis, [7, 8, 9]) == {7: 5, 8: 1, 9: None}


def test_control_without_marks_the_early_count_would_stand(database: SQLAlchemy) -> None:
    redis = cache_redis()
    for count in (5, 4):
        counters.store(redis, counters.mark(redis, [7]), {7: count})
    assert counters.read(redis, [7]) == {7: 4}


def test_many_at_once_end_with_the_right_number(app: FalconBus, database: SQLAlchemy) -> None:
    sipho = add_person("sipho", Role.DRIVER)
    staff_id, barrier = sipho.id, Barrier(6)

    def work(number: int) -> None:
        with app.app_context():
            barrier.wait()
            for _ in range(10):
                transactions.run(
                    lambda: notify([staff_id], Message(kind=NotificationKind.CHANGED, title="A", message="B"))
                )
                if number % 3 == 0:
                    transactions.run(lambda: reading.mark_all_read(staff_id, None))

    threads = [Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        right = counting._count_afresh([staff_id])[0].unread  # noqa: SLF001
    assert kept(sipho) == right


def test_a_ticket_primes_the_number(client: FlaskClient, database: SQLAlchemy) -> None:
    sipho = add_person("sipho", Role.DRIVER)
    tell(sipho)
    cache_redis().flushdb()
    answer = client.get("/api/v1/live/ticket?topic=notifications", headers=headers_of(sipho))
    assert answer.status_code == 200
    assert SECRET_KEY not in answer.json["ticket"]
    assert kept(sipho) == 1


def test_a_traveller_gets_no_ticket(client: FlaskClient, database: SQLAlchemy) -> None:
    answer = client.get("/api/v1/live/ticket?topic=notifications", headers=headers_of(add_person("thandi")))
    assert answer.status_code == 403
    assert client.get("/api/v1/live/ticket?topic=notifications").status_code == 401


def test_while_redis_is_away_all_goes_on_and_it_is_logged_once(
    client: FlaskClient,
    app: FalconBus,
    database: SQLAlchemy,
    publisher: UnreadCountPublisher,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sipho = add_person("sipho", Role.DRIVER)
    headers = headers_of(sipho)
    there = app.extensions["cache_redis"]
    app.extensions["cache_redis"] = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.25)
    try:
        with caplog.at_level(logging.WARNING, "falconbus.scheduling.notifications.counting"):
            key = tell(sipho)
            assert client.post(f"{ADDRESS}/{key}/read", headers=headers).status_code == 204
            assert client.get("/api/v1/live/ticket?topic=notifications", headers=headers).status_code == 200
    finally:
        app.extensions["cache_redis"].close()
        app.extensions["cache_redis"] = there
    assert len([one for one in caplog.records if one.name.endswith("notifications.counting")]) == 1
    assert publisher.is_paused
    publisher._paused_until = 0  # noqa: SLF001
    tell(add_person("naledi", Role.DRIVER))
    assert kept(sipho) == 0, "who was missed is made up for"
