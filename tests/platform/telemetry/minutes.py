"""What processes would have seen, made by hand, and what became of it."""

from datetime import UTC, datetime
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import text

from falconbus.platform.kit import clock
from falconbus.platform.telemetry import store
from falconbus.platform.telemetry.histogram import bucket_of
from falconbus.platform.telemetry.minute_counts import Key, Minute, Sample, Series, Statement, Step
from falconbus.platform.telemetry.models import Resolution

#: No address of the app: its own recorder may be at work beside the tests.
STOPS = ("endpoint", "GET /tests/stops")
QUERY = ("statement", STOPS[1], "f" * 16, "falconbus/network/queries.py:12 stops")


def minute_ago(minutes: int) -> int:
    """The begin of a minute, in epoch seconds."""
    return int(clock.now().timestamp()) // 60 * 60 - 60 * minutes


def series(*microseconds: int, **counters: int) -> Series:
    one = Series(counters=counters)
    for each in microseconds:
        one.merge(Series(1, each, {bucket_of(each): 1}))
    return one


def seen(release: str = "one", found: dict[Key, Series] | None = None) -> Minute:
    """A minute of two requests to STOPS, a statement each; beside it something of every other kind."""
    return Minute(
        release,
        found
        or {
            STOPS: series(1_000, 30_000, **{"2xx": 1, "4xx": 1, "queries": 2}),
            QUERY: series(400, 600),
            ("endpoint", "POST /tests/bookings"): series(50_000, **{"2xx": 1}),
            ("cache", "tests_search"): series(80, hit=1, miss=1),
            ("limit", "tests_limit"): series(refused=3),
            ("task", "tests.send_mail"): series(200_000, ok=1),
            ("queue", "tests_queue"): series(7_000),
            ("recorder",): series(dropped=4),
        },
        [sample(30_000)],
        {QUERY[2]: Statement("SELECT code FROM stops WHERE id = $1", ["bigint"], [QUERY[3]])},
    )


def written(redis: Redis) -> list[tuple[int, str, Any]]:
    """What the tests' processes wrote; a real one has a colon in its name."""
    return [entry for entry in store.read(redis) if ":" not in entry[1]]


def sample(took_us: int, owner: str = STOPS[1], at: float | None = None) -> Sample:
    steps = [Step("statement", QUERY[2], QUERY[3], 100, 600)]
    return Sample(owner, at or clock.now().timestamp(), took_us, 200, "request-1", steps)


def counted(database: SQLAlchemy, resolution: Resolution, key: Key = STOPS) -> list[tuple[datetime, int, int]]:
    """Begin, number and microseconds of a series' rows, oldest first."""
    database.session.rollback()
    rows = database.session.execute(
        text("""
            SELECT r.start, r.count, r.total_us FROM telemetry_rollups r JOIN telemetry_series s ON s.id = r.series_id
            WHERE r.resolution = :resolution AND s.key = CAST(:key AS text[]) ORDER BY r.start
        """),
        {"resolution": resolution, "key": list(key)},
    )
    return [(row[0].astimezone(UTC), row[1], row[2]) for row in rows]
