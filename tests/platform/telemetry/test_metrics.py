"""What Prometheus reads is the sum over all processes, before, while and after minutes are rolled up."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from config import Settings
from falconbus.accounts import service as accounts
from falconbus.accounts.models import Role
from falconbus.app import FalconBus, create_app
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.telemetry import exposition, gauges, rollup, store
from falconbus.platform.telemetry.histogram import bounds_of
from tests.calls import bearer
from tests.conftest import Caller
from tests.platform.telemetry.minutes import minute_ago, seen

TOKEN = "the token that the tests' Prometheus bears"
STOPS = (("method", "GET"), ("rule", "/tests/stops"))
Labels = tuple[tuple[str, str], ...]


@pytest.fixture(scope="module")
def watched_app(environment: dict[str, str], migrated_app: FalconBus) -> Iterator[FalconBus]:
    """Another app on the same servers, with a token for Prometheus."""
    app = create_app(Settings.from_environment({**environment, "METRICS_TOKEN": TOKEN}))
    app.testing = True
    app.test_client_class = Caller
    yield app
    with app.app_context():
        db.engine.dispose()
    app.extensions["cache_redis"].close()


@pytest.fixture
def prometheus(watched_app: FalconBus, app: FalconBus, redis: Redis) -> FlaskClient:
    return watched_app.test_client()


def scrape(client: FlaskClient) -> dict[str, dict[Labels, float]]:
    """Name of a sample -> labels -> value, of what the tests wrote."""
    answer = client.get("/metrics", headers=bearer(TOKEN))
    assert answer.status_code == 200, answer.text
    assert answer.content_type == exposition.CONTENT_TYPE
    found: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            if sample.labels and "test" not in str(sample.labels):
                continue
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def write_three_processes(redis: Redis) -> None:
    for process in ("web-1", "web-2", "worker-1"):
        store.write(redis, process, {minute_ago(6): seen(), minute_ago(5): seen("two"), minute_ago(0): seen()})


def test_the_sum_of_three_processes_is_told_before_and_after_a_rollup(
    prometheus: FlaskClient, redis: Redis, database: SQLAlchemy
) -> None:
    write_three_processes(redis)
    before = scrape(prometheus)
    assert before["falconbus_request_duration_seconds_count"][STOPS] == 18
    assert before["falconbus_request_duration_seconds_sum"][STOPS] == pytest.approx(9 * 0.031)
    assert before["falconbus_requests_total"][*STOPS, ("status", "4xx")] == 9
    assert before["falconbus_requests_total"][*STOPS, ("status", "5xx")] == 0
    assert before["falconbus_statements_total"] == {(("owner", "GET /tests/stops"),): 18}
    assert before["falconbus_statement_seconds_total"][("owner", "GET /tests/stops"),] == pytest.approx(0.009)
    assert before["falconbus_cache_lookups_total"][("group", "tests_search"), ("outcome", "hit")] == 9
    assert before["falconbus_limit_refused_total"] == {(("limit", "tests_limit"),): 27}
    assert before["falconbus_tasks_total"][("outcome", "ok"), ("task", "tests.send_mail")] == 9
    assert before["falconbus_task_duration_seconds_sum"] == {(("task", "tests.send_mail"),): pytest.approx(1.8)}
    assert before["falconbus_queue_wait_seconds_count"] == {(("queue", "tests_queue"),): 9}
    assert before["falconbus_recorder_dropped_total"] == {(): 36}
    assert transactions.run(rollup.roll_up) == 2
    assert scrape(prometheus) == before


def test_the_sums_stand_still_while_minutes_are_rolled_up(
    prometheus: FlaskClient, redis: Redis, app: FalconBus
) -> None:
    for ago in range(5, 45):
        store.write(redis, "web-1", {minute_ago(ago): seen()})

    def roll_up() -> int:
        with app.app_context():
            return transactions.run(rollup.roll_up)

    told = []
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(roll_up)
        while not run.done():
            told.append(scrape(prometheus)["falconbus_request_duration_seconds_count"][STOPS])
    assert run.result() == 40
    told.append(scrape(prometheus)["falconbus_request_duration_seconds_count"][STOPS])
    assert set(told) == {80}


def test_durations_are_counted_below_edges_that_are_our_buckets(prometheus: FlaskClient, redis: Redis) -> None:
    store.write(redis, "web-1", {minute_ago(0): seen()})
    buckets = {
        dict(labels)["le"]: number
        for labels, number in scrape(prometheus)["falconbus_request_duration_seconds_bucket"].items()
        if dict(labels)["rule"] == "/tests/stops"
    }
    edges = [float(edge) for edge in buckets]
    assert edges == sorted(edges)
    assert len(edges) == len(exposition.EDGES) + 1
    assert edges[:-1] == pytest.approx([bounds_of(edge)[1] / 1e6 for edge in exposition.EDGES], rel=1e-3)
    # One request took 1 ms, the other one 30 ms.
    assert [number for edge, number in buckets.items() if float(edge) < 0.03] == [1, 1, 1, 1, 1]
    assert {number for edge, number in buckets.items() if float(edge) >= 0.032} == {2}


def test_gauges_are_shown_and_one_that_fails_spoils_nothing(prometheus: FlaskClient) -> None:
    gauges.gauge("test_depth", "By queue", label="queue")(lambda: {"test-a": 2, "test-b": 0})
    gauges.gauge("test_age", "One number")(lambda: 1.5)
    gauges.gauge("test_broken", "None")(lambda: 1 / 0)
    try:
        found = scrape(prometheus)
        with pytest.raises(ValueError, match="test_age"):
            gauges.gauge("test_age", "Again")(lambda: 2)
    finally:
        for name in ("test_depth", "test_age", "test_broken"):
            gauges.unregister(name)
    assert found["falconbus_test_depth"] == {(("queue", "test-a"),): 2, (("queue", "test-b"),): 0}
    assert found["falconbus_test_age"] == {(): 1.5}
    assert "falconbus_test_broken" not in found


def test_without_redis_there_is_no_answer_rather_than_a_smaller_one(
    prometheus: FlaskClient, watched_app: FalconBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.25) as nobody:
        monkeypatch.setitem(watched_app.extensions, "cache_redis", nobody)
        answer = prometheus.get("/metrics", headers=bearer(TOKEN))
    assert (answer.status_code, answer.json["code"]) == (503, "metrics_incomplete")


def test_only_prometheus_and_those_who_see_performance_are_answered(
    prometheus: FlaskClient, client: FlaskClient, database: SQLAlchemy
) -> None:
    roles = {"admin@example.com": [Role.ADMIN], "nobody@example.com": []}
    tokens = {}
    for email, role in roles.items():
        accounts.create_user(email, "a password of staff", role, "Staff")
        tokens[email] = accounts.sign_in(email, "a password of staff").token
    database.session.commit()
    assert prometheus.get("/metrics").status_code == 401
    assert prometheus.get("/metrics", headers=bearer(TOKEN[:-1])).status_code == 401
    assert prometheus.get("/metrics", headers=bearer(tokens["nobody@example.com"])).status_code == 403
    assert prometheus.get("/metrics", headers=bearer(tokens["admin@example.com"])).status_code == 200
    assert client.get("/metrics", headers=bearer(TOKEN)).status_code == 401, "an app that has no such token"


def test_the_token_opens_nothing_but_the_metrics(prometheus: FlaskClient) -> None:
    for address in ("/api/v1/me/bookings", "/api/v1/buses"):
        answer = prometheus.get(address, headers=bearer(TOKEN))
        assert answer.status_code == 401, address
