"""What waits for the workers, and for how long: broker, outbox, mails, signs of life."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import text

from config import Settings
from falconbus.app import FalconBus
from falconbus.performance.vitals import queues
from falconbus.platform import jobs
from falconbus.platform.jobs import Queue, celery
from falconbus.platform.kit import clock
from falconbus.platform.mailing.jobs import SEND_MAIL
from falconbus.platform.telemetry import gauges, message_stamp
from falconbus.platform.telemetry.heartbeat import Heartbeat
from tests.counting import statements


@pytest.fixture
def broker(app: FalconBus) -> Iterator[Redis]:
    """The broker's Redis, emptied before and after."""
    settings: Settings = app.config["SETTINGS"]
    celery.conf.broker_url = settings.redis_url
    with Redis.from_url(settings.redis_url) as client:
        client.flushdb()
        yield client
        client.flushdb()


def publish(queue: Queue, seconds_ago: int, priority: int = 0) -> None:
    with time_machine.travel(clock.now() - timedelta(seconds=seconds_ago)), celery.connection_for_write() as connection:
        celery.send_task("nobody.runs_this", queue=queue, priority=priority, connection=connection)


def test_depth_and_age_count_every_priority(broker: Redis, database: SQLAlchemy) -> None:
    publish(Queue.CRITICAL, 300, priority=9)
    publish(Queue.CRITICAL, 40)
    publish(Queue.CRITICAL, 10, priority=4)
    publish(Queue.BULK, 90)
    publish(Queue.BULK, 5)
    assert len(list(broker.scan_iter("critical*"))) == 3
    critical, _mail, default, bulk = queues.vitals().queues
    assert (critical.name, critical.depth) == ("critical", 3)
    assert critical.oldest_seconds == pytest.approx(300, abs=5)
    assert (default.name, default.depth, default.oldest_seconds) == ("default", 0, None)
    assert (bulk.name, bulk.depth) == ("bulk", 2)
    assert bulk.oldest_seconds == pytest.approx(90, abs=5)


def test_a_message_without_a_stamp_is_counted_all_the_same(broker: Redis, database: SQLAlchemy) -> None:
    broker.lpush("default", b'{"headers": {}}', b"what is this")
    default = queues.vitals().queues[2]
    assert (default.depth, default.oldest_seconds) == (2, None)


def test_every_message_is_stamped_when_it_is_published(broker: Redis) -> None:
    publish(Queue.DEFAULT, 0)
    [message] = broker.lrange("default", 0, -1)
    assert message_stamp.PUBLISHED_AT.encode() in message


def test_the_outbox_tells_what_is_due_and_what_failed(broker: Redis, database: SQLAlchemy) -> None:
    now = clock.now()
    for age, done, failed in ((30, False, False), (70, False, False), (-60, False, False), (900, True, False),
                              (800, False, True)):  # fmt: skip
        jobs.enqueue(SEND_MAIL, delay=timedelta(seconds=-age), mail_id=1)
        database.session.execute(
            text("UPDATE outbox SET done_at = :done, failed_at = :failed WHERE id = (SELECT max(id) FROM outbox)"),
            {"done": now if done else None, "failed": now if failed else None},
        )
    outbox = queues.vitals().outbox
    assert (outbox.due, outbox.failed) == (2, 1)
    assert outbox.oldest_due_seconds == pytest.approx(70, abs=5)


def test_the_oldest_mail_that_was_not_sent_is_told(broker: Redis, database: SQLAlchemy) -> None:
    assert queues.vitals().mails == queues.MailsOut(0, None)
    for sequence, (status, age) in enumerate([("queued", 20), ("sending", 60), ("sent", 500), ("failed", 400)]):
        database.session.execute(
            text("""
                INSERT INTO mails (kind, subject_id, sequence, recipient, status, created_at)
                VALUES ('booking.confirmation', 1, :sequence, 'a@example.com', :status, :at)"""),
            {"sequence": sequence + 1, "status": status, "at": clock.now() - timedelta(seconds=age)},
        )
    mails = queues.vitals().mails
    assert mails.unsent == 2
    assert mails.oldest_unsent_seconds == pytest.approx(60, abs=5)


def test_workers_are_those_that_lived_in_the_last_minute(broker: Redis, database: SQLAlchemy) -> None:
    for name, ago in (("alive", 20), ("gone", 90)):
        with time_machine.travel(clock.now() - timedelta(seconds=ago)):
            heart = Heartbeat(broker, name)
            heart.beat()
            heart.beat()
    [worker] = queues.vitals().workers
    assert worker.name == "alive"
    assert worker.seen_seconds_ago == pytest.approx(20, abs=5)


def test_a_broker_that_is_away_is_told_and_the_rest_stands(
    app: FalconBus, database: SQLAlchemy, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Settings.from_environment({**environment, "REDIS_URL": "redis://127.0.0.1:1/0"})
    monkeypatch.setitem(app.config, "SETTINGS", away)
    with app.test_request_context():
        assert {"workers": {}}.items() <= {gauge.name: numbers for gauge, numbers in gauges.readings()}.items()
    found = queues.vitals()
    assert found.broker_fault == "ConnectionError"
    assert (found.queues, found.workers) == ([], [])
    assert found.outbox == queues.OutboxOut(0, 0, None)


def test_the_vitals_cost_one_statement(broker: Redis, database: SQLAlchemy) -> None:
    with statements() as sent:
        queues.vitals()
    assert len(sent) == 1, "\n".join(sent)


def test_the_gauges_of_one_request_ask_once(broker: Redis, app: FalconBus, database: SQLAlchemy) -> None:
    publish(Queue.BULK, 30)
    with app.test_request_context(), statements() as sent:
        found = {gauge.name: numbers for gauge, numbers in gauges.readings()}
    assert found["queue_depth"] == {"critical": 0, "mail": 0, "default": 0, "bulk": 1}
    assert found["queue_oldest_seconds"]["bulk"] == pytest.approx(30, abs=5)
    assert found["outbox_rows"] == {"due": 0, "late": 0, "failed": 0}
    assert found["workers"] == {"": 0}
    assert len([one for one in sent if "FROM outbox" in one or "FROM mails" in one]) == 1
