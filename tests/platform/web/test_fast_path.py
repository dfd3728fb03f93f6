"""Answers of the fast path: the same as through Flask, and neither limits, log lines nor ids are left out."""

import gzip
import json
import logging
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from falconbus.app import FalconBus
from falconbus.platform.caching import versions
from falconbus.platform.kit import clock
from falconbus.platform.kit.redis_connection import cache_redis
from falconbus.platform.telemetry import minute_counts
from falconbus.platform.telemetry.trace import Trace
from tests.platform.caching.conftest import Neighbour, neighbour
from tests.world import World

__all__ = ["neighbour"]


@pytest.fixture
def address(world: World) -> str:
    """A search with an answer, long settled."""
    morning = clock.now().replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(days=2)
    for hours in range(12):
        world.add_schedule(at=morning + timedelta(hours=hours))
    cache_redis().delete(versions.KEY)
    day = morning.date().isoformat()
    return f"/api/schedules/?origin=A&destination=D&date={day}"


def is_given(app: FalconBus, address: str, **changes: str) -> bool:
    """Whether a request would be answered by the fast path."""
    path, _, query = address.replace("/api/", "/api/v1/").partition("?")
    environ = {**EnvironBuilder(path, query_string=query).get_environ(), **changes}
    return app.fast_path.find(environ, Trace()) is not None


def test_the_third_answer_is_given_at_the_door_and_is_the_same(
    address: str, client: FlaskClient, app: FalconBus
) -> None:
    through_flask = [client.get(address) for _ in range(2)][1]
    assert is_given(app, address)
    at_the_door = client.get(address, headers={"X-Request-ID": "from-the-caller-2"})
    assert at_the_door.json == through_flask.json
    assert at_the_door.headers["X-Request-ID"] == "from-the-caller-2"
    passing = {"X-Request-ID", "Server-Timing", "Date", "Cache-Control"}
    kept = {name: value for name, value in through_flask.headers if name not in passing}
    assert {name: value for name, value in at_the_door.headers if name not in passing} == kept
    assert at_the_door.headers["Cache-Control"] == "public, max-age=1"


def test_it_is_counted_logged_and_measured(
    address: str, client: FlaskClient, app: FalconBus, caplog: pytest.LogCaptureFixture
) -> None:
    flusher = app.request_log.recorder.flusher
    flusher.flush()
    before = (
        flusher._aggregator.snapshot()  # noqa: SLF001
        .series.get((minute_counts.CACHE, "search"), minute_counts.Series())
        .counters.get("hit", 0)
    )
    caplog.set_level(logging.INFO, logger="falconbus")
    for _ in range(5):
        client.get(address)
    assert len([line for line in caplog.records if line.getMessage().startswith("GET /api/v1/schedules/ 200")]) == 5
    flusher.flush()
    counted = flusher._aggregator.snapshot().series[minute_counts.CACHE, "search"].counters["hit"]  # noqa: SLF001
    assert counted - before == 4


def test_a_client_that_has_it_gets_304(address: str, client: FlaskClient) -> None:
    etag = [client.get(address).headers["ETag"] for _ in range(3)][-1]
    answer = client.get(address, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.data) == (304, b"")
    assert client.get(address, headers={"If-None-Match": 'W/"other"'}).status_code == 200


def test_it_is_kept_compressed_for_those_who_take_it(address: str, client: FlaskClient) -> None:
    plain = client.get(address)
    packed = [client.get(address, headers={"Accept-Encoding": "gzip"}) for _ in range(4)]
    assert {answer.headers["Content-Encoding"] for answer in packed} == {"gzip"}
    assert json.loads(gzip.decompress(packed[-1].data))["results"] == plain.json["results"]
    assert "Content-Encoding" not in client.get(address).headers
    assert len(packed[-1].data) < 0.4 * len(plain.data)
    assert "Accept-Encoding" in packed[-1].headers["Vary"]


def test_the_limit_holds_at_the_door(address: str, neighbour: Neighbour) -> None:
    client = neighbour(RATELIMIT_ENABLED="true", RATELIMIT_READS="5/minute")
    answers = [client.get(address) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    left = [answer.headers["RateLimit"].partition(";t=")[0] for answer in answers]
    assert left == [f'"reads";r={number}' for number in (4, 3, 2, 1, 0, 0, 0)]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"reads";q=5;w=60'}
    assert int(answers[-1].headers["Retry-After"]) > 0


@pytest.mark.parametrize("header", ["Authorization", "Cookie", "X_API_Key", "Origin", "Range"])
def test_who_is_more_than_anybody_goes_through_flask(
    header: str, address: str, client: FlaskClient, app: FalconBus
) -> None:
    for _ in range(3):
        client.get(address)
    assert is_given(app, address)
    assert not is_given(app, address, **{f"HTTP_{header.upper()}": "x"})
    assert not is_given(app, address, REQUEST_METHOD="POST")
