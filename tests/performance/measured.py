"""What the pages show in tests, and who looks at them."""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.platform.kit import clock
from falconbus.platform.telemetry import store
from falconbus.platform.telemetry.histogram import bucket_of
from falconbus.platform.telemetry.minute_counts import Key, Minute, Sample, Series, Statement, Step
from tests.accounts.signing import signed_in

SLOW, QUIET = "GET /tests/mine", "GET /tests/quiet"
FINGERPRINT, LINE = "0123456789abcdef", "falconbus/bookings/record.py:41 tickets_of"
SQL = "SELECT seat_number FROM tickets WHERE journey_id = $1"


def series(*microseconds: int, **counters: int) -> Series:
    one = Series(counters=counters)
    for each in microseconds:
        one.merge(Series(1, each, {bucket_of(each): 1}))
    return one


@pytest.fixture
def redis(app: FalconBus) -> Iterator[Redis]:
    """The Redis of the newest minutes, empty."""
    client: Redis = app.extensions["cache_redis"]
    client.flushdb()
    yield client
    client.flushdb()


@pytest.fixture
def measured(redis: Redis) -> None:
    """An endpoint with an N+1, a failure and a slow request, beside a quick one; a cache group and a failing task."""
    found: dict[Key, Series] = {
        ("endpoint", SLOW): series(90_000, 210_000, **{"2xx": 1, "5xx": 1, "queries": 40, "over_budget": 2}),
        ("endpoint", QUIET): series(1_000, 1_000, 1_000, **{"2xx": 3, "queries": 3}),
        ("statement", SLOW, FINGERPRINT, LINE): series(*[2_000] * 38, repeated=36, repeated_in=2),
        ("cache", "search"): series(50, 60, 70, hit=2, miss=1),
        ("task", "tests.send_mail"): series(200_000, 300_000, ok=1, failed=1),
    }
    steps = [Step("statement", FINGERPRINT, LINE, 1_000, 2_000), Step("cache", "search hit", LINE, 4_000, 300)]
    sample = Sample(SLOW, clock.now().timestamp(), 210_000, 500, "the-slow-request", steps)
    minute = Minute("one", found, [sample], {FINGERPRINT: Statement(SQL, ["bigint"], [LINE])})
    store.write(redis, "tests", {int(clock.now().timestamp()) // 60 * 60: minute})


@pytest.fixture
def admin(client: FlaskClient, database: SQLAlchemy) -> FlaskClient:
    """A client that is signed in as an admin; other accounts are there too."""
    signed_in()
    client.environ_base["HTTP_AUTHORIZATION"] = signed_in(Role.ADMIN)["Authorization"]
    client.environ_base["HTTP_ACCEPT"] = "text/html"
    return client


def words_of(page: str) -> str:
    """What people read, on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).replace("\u00a0", " ").split())
