"""Each minute is rolled up exactly once, whatever crashes, and into every resolution."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import text

from falconbus.app import FalconBus
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from falconbus.platform.telemetry import recent_minutes, rollup, rollup_writer, store
from falconbus.platform.telemetry.minute_counts import Key, Minute, Series
from falconbus.platform.telemetry.models import KEPT, Resolution
from tests.counting import statements
from tests.platform.telemetry.minutes import QUERY, STOPS, counted, minute_ago, sample, seen, series, written


def roll_up() -> int:
    return transactions.run(rollup.roll_up)


def rows(database: SQLAlchemy, table: str) -> int:
    return int(database.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_a_minute_goes_into_every_resolution_and_out_of_redis(redis: Redis, database: SQLAlchemy) -> None:
    minute = minute_ago(5)
    for process in ("web-1", "web-2", "worker-1"):
        store.write(redis, process, {minute: seen()})
    assert roll_up() == 1
    for resolution in Resolution:
        [(start, count, total)] = counted(database, resolution)
        assert (count, total) == (6, 93_000)
        assert start.timestamp() == (minute // resolution * resolution if resolution else 0)
        assert counted(database, resolution, QUERY)[0][1:] == (6, 3_000)
    assert written(redis) == []
    assert not redis.exists(store.key_of(minute))


def test_minutes_add_up_in_the_resolutions_that_hold_them(redis: Redis, database: SQLAlchemy) -> None:
    with time_machine.travel("2026-03-29 10:30:20Z"):
        minutes = [minute_ago(25), minute_ago(24), minute_ago(5)]
        for minute in minutes:
            store.write(redis, "web-1", {minute: seen()})
        assert roll_up() == 3
    numbers = {resolution: [count for _, count, _ in counted(database, resolution)] for resolution in Resolution}
    assert numbers == {
        Resolution.MINUTE: [2, 2, 2],
        Resolution.TEN_MINUTES: [4, 2],
        Resolution.HOUR: [6],
        Resolution.DAY: [6],
        Resolution.EVER: [6],
    }
    row = database.session.execute(
        text("""
            SELECT r.counters, r.buckets FROM telemetry_rollups r JOIN telemetry_series s ON s.id = r.series_id
            WHERE r.resolution = 0 AND s.key = :key"""),
        {"key": list(STOPS)},
    ).one()
    assert row.counters == {"2xx": 3, "4xx": 3, "queries": 6}
    assert len(row.buckets) > 0


def test_a_minute_waits_until_every_process_has_written_it(redis: Redis, database: SQLAlchemy) -> None:
    minute = minute_ago(0)
    store.write(redis, "web-1", {minute: seen()})
    end = clock.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    with time_machine.travel(end + timedelta(seconds=74), tick=False):
        assert roll_up() == 0
    with time_machine.travel(end + timedelta(seconds=75), tick=False):
        assert roll_up() == 1


def test_a_crash_between_the_commit_and_the_delete_counts_nothing_twice(redis: Redis, database: SQLAlchemy) -> None:
    minute = minute_ago(5)
    store.write(redis, "web-1", {minute: seen()})
    before = redis.dump(store.key_of(minute))
    assert before is not None
    assert roll_up() == 1
    redis.restore(store.key_of(minute), 60_000, before)
    redis.zadd(store.INDEX, {str(minute): minute})
    assert not any(STOPS in one.series for _, one in recent_minutes.unrolled().minutes)
    assert roll_up() == 0
    assert counted(database, Resolution.EVER)[0][1] == 2
    assert written(redis) == [], "the next run deletes it"


def test_a_process_that_is_too_late_counts_neither_in_the_rollups_nor_in_the_tail(
    redis: Redis, database: SQLAlchemy
) -> None:
    minute = minute_ago(5)
    store.write(redis, "web-1", {minute: seen()})
    assert roll_up() == 1
    store.write(redis, "web-2", {minute: seen()})
    assert not any(STOPS in one.series for _, one in recent_minutes.unrolled().minutes)
    assert roll_up() == 0
    assert counted(database, Resolution.EVER)[0][1] == 2
    assert written(redis) == []


def test_runs_at_the_same_time_count_each_minute_once(redis: Redis, database: SQLAlchemy, app: FalconBus) -> None:
    for ago in range(5, 25):
        store.write(redis, "web-1", {minute_ago(ago): seen()})
    barrier = Barrier(4)

    def run(_: int) -> int:
        with app.app_context():
            barrier.wait()
            return roll_up()

    with ThreadPoolExecutor(4) as pool:
        rolled = list(pool.map(run, range(4)))
    rolled.append(roll_up())
    assert sum(rolled) == 20
    assert counted(database, Resolution.EVER)[0][1] == 40
    assert rows(database, "telemetry_minutes") == 20


def test_while_another_run_is_at_work_nothing_is_done(redis: Redis, database: SQLAlchemy) -> None:
    store.write(redis, "web-1", {minute_ago(5): seen()})
    with database.engine.connect() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(hashtext('telemetry.roll_up'))"))
        assert roll_up() == 0
        assert len(written(redis)) == 1
    assert roll_up() == 1


def test_a_minute_that_the_database_refuses_does_not_hold_up_the_next(
    redis: Redis, database: SQLAlchemy, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = minute_ago(6), minute_ago(5)
    store.write(redis, "web-1", {bad: seen(found={("endpoint", "GET /\x00"): series(5)}), good: seen()})
    with caplog.at_level(logging.ERROR):
        assert roll_up() == 1
    assert "was not rolled up" in caplog.text
    assert counted(database, Resolution.EVER)[0][1] == 2
    assert [minute for minute, _, _ in written(redis)] == [bad], "it is not lost, and marked nowhere"
    assert rows(database, "telemetry_minutes") == 1


def test_without_redis_minutes_wait(no_redis: None, database: SQLAlchemy) -> None:
    assert roll_up() == 0


def test_releases_are_told_apart_except_over_all_time(redis: Redis, database: SQLAlchemy) -> None:
    first, last = minute_ago(6), minute_ago(5)
    store.write(redis, "web-1", {first: seen("one"), last: seen("one")})
    store.write(redis, "web-2", {last: seen("two")})
    assert roll_up() == 2
    found = database.session.execute(
        text("SELECT name, first_seen, last_seen FROM telemetry_releases ORDER BY name")
    ).all()
    assert [(row[0], row[1].timestamp(), row[2].timestamp()) for row in found] == [
        ("one", first, last),
        ("two", last, last),
    ]
    assert sorted(count for _, count, _ in counted(database, Resolution.DAY)) in ([2, 4], [2, 2, 2])
    assert [count for _, count, _ in counted(database, Resolution.EVER)] == [6]


def test_texts_are_kept_once_and_follow_the_code(redis: Redis, database: SQLAlchemy) -> None:
    store.write(redis, "web-1", {minute_ago(6): seen()})
    moved = seen()
    moved.statements[QUERY[2]].chain = ["falconbus/network/queries.py:13 stops"]
    store.write(redis, "web-1", {minute_ago(5): moved})
    assert roll_up() == 2
    row = database.session.execute(text("SELECT text, types, chain, first_seen FROM telemetry_statements")).one()
    assert (row.text, row.types) == ("SELECT code FROM stops WHERE id = $1", ["bigint"])
    assert row.chain == ["falconbus/network/queries.py:13 stops"]
    assert row.first_seen.timestamp() == minute_ago(6)


def test_the_slowest_twenty_of_each_owner_and_day_are_kept(redis: Redis, database: SQLAlchemy) -> None:
    at = float(minute_ago(6))
    for ago in (7, 6, 5):
        one = seen()
        one.samples = [sample(1_000 * ago + number, at=at) for number in range(15)]
        one.samples += [sample(9, "tests.send_mail", at), sample(3, at=at - 86_400)]
        store.write(redis, "web-1", {minute_ago(ago): one})
    assert roll_up() == 3
    found = database.session.execute(
        text("""
            SELECT s.kind, p.at, p.took_us, p.steps
            FROM telemetry_samples p JOIN telemetry_series s ON s.id = p.series_id
            ORDER BY p.took_us""")
    ).all()
    slow = [row.took_us for row in found if row.kind == "endpoint" and row.at.timestamp() == at]
    assert slow == [*range(6_010, 6_015), *range(7_000, 7_015)]
    assert [row.took_us for row in found if row.kind == "task"] == [9, 9, 9]
    assert [row.took_us for row in found if row.at.timestamp() == at - 86_400] == [3, 3, 3]
    assert found[-1].steps == [["statement", QUERY[2], QUERY[3], 100, 600]]


@pytest.mark.parametrize("endpoints", [1, 100])
def test_a_minute_costs_the_same_statements_however_much_was_seen(
    endpoints: int, redis: Redis, database: SQLAlchemy
) -> None:
    found: dict[Key, Series] = {}
    for number in range(endpoints):
        found["endpoint", f"GET /{number}"] = series(*range(1_000, 30_000, 1_000))
        for statement in range(4):
            found["statement", f"GET /{number}", f"{statement:016}", "a.py:1 f"] = series(*range(100, 3_000, 100))
    for ago in (6, 5):
        store.write(redis, "web-1", {minute_ago(ago): Minute("one", found)})
    with statements() as sent:
        assert roll_up() == 2
    assert len(sent) <= 16, "\n".join(sent)
    # One more: all requests together.
    assert rows(database, "telemetry_series") == 5 * endpoints + 1
    assert counted(database, Resolution.EVER, ("endpoint", "GET /0"))[0][1] == 58


def test_what_is_past_its_retention_goes_and_the_rest_stays(redis: Redis, database: SQLAlchemy) -> None:
    now = clock.now()
    for resolution, kept in {**KEPT, Resolution.EVER: timedelta(days=4000)}.items():
        for age in (kept + timedelta(hours=1), kept - timedelta(hours=1)):
            starts = {resolution: now - age}
            rollup_writer.add(starts, now, {"one": seen()})
    database.session.execute(
        text("INSERT INTO telemetry_minutes (minute) VALUES (:old), (:young)"),
        {"old": now - timedelta(hours=25), "young": now - timedelta(hours=23)},
    )
    database.session.execute(
        text("UPDATE telemetry_samples SET at = :at WHERE id <= 3"), {"at": now - timedelta(days=8)}
    )
    samples = rows(database, "telemetry_samples")
    transactions.run(rollup.trim)
    numbers = {resolution: len(counted(database, resolution)) for resolution in Resolution}
    assert numbers == {**dict.fromkeys(KEPT, 1), Resolution.EVER: 2}
    assert rows(database, "telemetry_minutes") == 1
    assert rows(database, "telemetry_samples") == samples - 3 > 0
