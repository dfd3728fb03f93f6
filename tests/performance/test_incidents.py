"""What is wrong now: each kind stands at the top of the overview, and not before it is so."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import text

from config import Settings
from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.performance.pages import incident_findings
from falconbus.performance.pages.jumps import Jump, in_series
from falconbus.platform.jobs import Queue, celery
from falconbus.platform.kit import clock
from falconbus.platform.telemetry.heartbeat import ALIVE_SECONDS
from falconbus.platform.telemetry.minute_counts import Key, Minute, Series
from tests.accounts.signing import signed_in
from tests.calls import hold
from tests.performance import telemetry
from tests.performance.telemetry import series
from tests.workers import a_worker_lives
from tests.world import World

PAY = "POST /api/v1/bookings/<reference>/payments"


@pytest.fixture
def wrong(client: FlaskClient, database: SQLAlchemy) -> Callable[[], str]:
    """Return what stands under "wrong" on the overview, in words."""
    headers = {**signed_in(Role.ADMIN), "Accept": "text/html"}

    def read() -> str:
        page = client.get("/performance", headers=headers).text
        section = page.partition('<section class="wrong"')[2].partition("</section>")[0]
        assert bool(section) is ("Nothing is wrong" not in page)
        return " ".join(re.sub(r"<[^>]+>", " ", section).replace("\u00a0", " ").split())

    return read


@pytest.fixture
def broker(app: FalconBus) -> Iterator[Redis]:
    settings: Settings = app.config["SETTINGS"]
    celery.conf.broker_url = settings.redis_url
    with Redis.from_url(settings.redis_url) as client:
        yield client


@pytest.fixture(autouse=True)
def workers(app: FalconBus) -> None:
    with app.app_context():
        a_worker_lives("critical@here")
        a_worker_lives("celery@here")


def measure(minutes_ago: int, found: dict[Key, Series]) -> None:
    """Have so much been measured in one minute."""
    at = clock.now().replace(second=0, microsecond=0) - timedelta(minutes=minutes_ago)
    telemetry.write(f"web-{minutes_ago}", {at: Minute("1", found)})


def test_without_trouble_the_page_says_that_nothing_is_wrong(wrong: Callable[[], str]) -> None:
    assert wrong() == ""


def test_no_worker_alive_is_told_and_one_that_is_missing_by_name(wrong: Callable[[], str], broker: Redis) -> None:
    assert "worker" not in wrong()
    broker.zrem("telemetry:workers", "critical@here")
    assert "The worker `worker-critical` is not alive" in wrong()
    broker.delete("telemetry:workers")
    assert "No worker is alive" in wrong()


def test_a_queue_whose_oldest_message_is_too_old_is_told(wrong: Callable[[], str], broker: Redis) -> None:
    def publish(queue: Queue, seconds_ago: int) -> None:
        at = clock.now() - timedelta(seconds=seconds_ago)
        with time_machine.travel(at), celery.connection_for_write() as connection:
            celery.send_task("nobody.runs_this", queue=queue, connection=connection)

    publish(Queue.CRITICAL, 50)
    publish(Queue.BULK, 2000)
    assert "wait in the queue" not in wrong()
    broker.delete("critical")
    publish(Queue.CRITICAL, 100)
    publish(Queue.CRITICAL, 50)
    assert "2 messages wait in the queue `critical`, the oldest for 100 s" in wrong()


def test_mails_that_wait_are_told_with_what_the_server_says(wrong: Callable[[], str], database: SQLAlchemy) -> None:
    insert = text("""
        INSERT INTO mails (kind, subject_id, sequence, recipient, status, created_at, error)
        VALUES ('test', :number, 1, 'a@example.com', 'queued', :at, 'SMTP 535: the sign-in was refused')""")
    database.session.execute(insert, {"number": 1, "at": clock.now() - timedelta(seconds=250)})
    assert "mails wait" not in wrong()
    database.session.execute(insert, {"number": 2, "at": clock.now() - timedelta(seconds=600)})
    database.session.commit()
    found = wrong()
    assert "2 mails wait, the oldest for 10 min" in found
    assert "The mail server: SMTP 535: the sign-in was refused" in found


def test_a_provider_that_takes_no_money_any_more_is_told(
    wrong: Callable[[], str], client: FlaskClient, world: World, database: SQLAlchemy
) -> None:
    reference = hold(client, world.add_schedule().id)["reference"]

    def attempt(number: int, status: str, minutes_ago: int) -> None:
        insert = text("""
            INSERT INTO payments (booking_id, key, provider, amount, currency, status, request_id, lease_until,
                created_at, settled_at)
            SELECT id, :key, 'payfast', 100, 'ZAR', :status, 'test', :at, :at, :at FROM bookings
            WHERE reference = :reference""")
        at = clock.now() - timedelta(minutes=minutes_ago)
        database.session.execute(insert, {"key": str(number), "status": status, "at": at, "reference": reference})
        database.session.commit()

    for number in range(40):
        attempt(number, "declined" if number < 4 else "paid", 120)
    for number in range(40, 44):
        attempt(number, "declined", 5)
    assert "took no money" not in wrong(), "four may be chance"
    attempt(44, "failed", 1)
    assert "payfast took no money in 5 of 5 payments of the last 15 minutes Before that it was 10.0 %" in wrong()
    for number in range(45, 60):
        attempt(number, "paid", 1)
    assert "took no money" not in wrong(), "a quarter is not three times a tenth"


def test_limits_that_refuse_are_told(wrong: Callable[[], str]) -> None:
    measure(2, {("limit", "/api/v1/schedules"): series([], refused=9)})
    assert "Rate limits" not in wrong()
    measure(1, {("limit", "/sign-in"): series([], refused=3)})
    assert "Rate limits refused 12 requests (429), most at /api/v1/schedules" in wrong()


def test_a_jump_of_refusals_is_told_with_the_commonest_reason(wrong: Callable[[], str]) -> None:
    for ago in range(12, 60, 4):
        measure(ago, {("endpoint", "GET /x"): series([1.0] * 50, _2xx=49, _4xx=1)})
    measure(2, {("endpoint", "GET /x"): series([1.0] * 50, _2xx=48, _4xx=2)})
    assert "are refused (4xx)" not in wrong()
    refused = {
        ("endpoint", "GET /x"): series([1.0] * 50, _2xx=20, _4xx=30),
        ("fault", "409", "seat_taken", "GET /x"): series([1.0] * 30),
    }
    measure(1, refused)
    assert "32.0 % of requests are refused (4xx): mostly `seat_taken` at GET /x Before that it was 2.0 %" in wrong()


def test_a_statement_that_people_wait_for_is_told(wrong: Callable[[], str]) -> None:
    key = "SELECT", "0123456789abcdef", "falconbus/search/queries.py:1 departures"
    measure(1, {("statement", "tests.roll_up", *key[1:]): series([900.0] * 20)})
    assert "Slow" not in wrong(), "workers take their time"
    measure(2, {("statement", "GET /x", *key[1:]): series([900.0] * 20)})
    assert "A statement takes" in wrong()


@pytest.mark.parametrize(
    ("jump", "is_one"),
    [
        (Jump(20, 100, 0, 0), True),
        (Jump(19, 100, 0, 0), False),
        (Jump(20, 201, 0, 0), False),
        (Jump(20, 100, 7, 100), False),
        (Jump(22, 100, 7, 100), True),
        (Jump(0, 0, 0, 0), False),
    ],
)
def test_a_jump_is_many_a_share_and_several_times_what_was(jump: Jump, is_one: bool) -> None:
    assert jump.is_one(least=20, share=0.1) is is_one


def test_of_late_is_the_last_sixth() -> None:
    assert in_series([1] * 10 + [5] * 2, [10] * 12) == Jump(10, 20, 10, 100)
    assert in_series([3], [4]) == Jump(3, 4, 0, 0)


def test_each_label_has_its_section_in_the_runbook() -> None:
    source = Path(incident_findings.__file__).read_text()
    labels = set(re.findall(r'_wrong\(\s*"(\w+)"', source))
    runbook = Path("docs/runbooks/incidents.md").read_text()
    assert len(labels) == 12
    assert set(re.findall(r"^## (\w+)$", runbook, re.MULTILINE)) == labels


def test_health_misses_workers_after_75_seconds_and_readiness_does_not(
    client: FlaskClient, database: SQLAlchemy
) -> None:
    assert client.get("/api/health/").json["queue"] == "healthy"
    with time_machine.travel(clock.now() + timedelta(seconds=ALIVE_SECONDS - 1), tick=False):
        assert client.get("/api/health/").status_code == 200
    with time_machine.travel(clock.now() + timedelta(seconds=ALIVE_SECONDS + 1), tick=False):
        health, ready = client.get("/api/health/"), client.get("/api/health/ready")
        assert (health.status_code, health.json["status"], health.json["queue"]) == (503, "unhealthy", "no worker")
        assert (ready.status_code, ready.json["status"], ready.json["queue"]) == (200, "degraded", "no worker")
        page = client.get("/performance/health", headers=signed_in(Role.ADMIN)).text
        assert ">no worker</span>" in page


def test_clearing_caches_needs_no_body(client: FlaskClient, database: SQLAlchemy) -> None:
    answer = client.post("/api/v1/performance/clear-cache", headers=signed_in(Role.ADMIN))
    assert answer.status_code == 200
    assert "search" in answer.json["cleared"]
