"""Minutes in Redis: each process overwrites its own, nobody's is lost, and what cannot be read hurts nobody."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import text

from falconbus.platform.kit import clock
from falconbus.platform.telemetry import recent_minutes, store
from tests.platform.telemetry.minutes import STOPS, minute_ago, seen, series, written


def test_minutes_come_back_as_they_were_written_by_each_process(redis: Redis) -> None:
    first, second = minute_ago(1), minute_ago(0)
    one, two, three = seen(), seen("two"), seen()
    store.write(redis, "web-1", {first: one, second: two})
    store.write(redis, "web-2", {second: three})
    assert written(redis) == [(first, "web-1", one), (second, "web-1", two), (second, "web-2", three)]
    assert store.read_minute(redis, second) == [two, three]


def test_a_minute_that_is_written_again_takes_the_place_of_the_first(redis: Redis) -> None:
    minute = minute_ago(0)
    for durations in ((1,), (1, 2), (1, 2)):
        store.write(redis, "web-1", {minute: seen(found={STOPS: series(*durations)})})
    [(_, _, found)] = written(redis)
    assert found.series[STOPS].count == 2


def test_every_key_runs_out_by_itself(redis: Redis) -> None:
    store.write(redis, "web-1", {minute_ago(0): seen()})
    keys = list(redis.scan_iter("telemetry:*"))
    assert {store.INDEX.encode(), store.key_of(minute_ago(0)).encode()} <= set(keys)
    assert all(0 < redis.ttl(key) <= store.KEPT_SECONDS for key in keys)


def test_the_index_drops_minutes_that_have_run_out(redis: Redis) -> None:
    store.write(redis, "web-1", {minute_ago(180): seen()})
    store.write(redis, "web-1", {minute_ago(1): seen()})
    assert minute_ago(1) in store.minutes(redis)
    assert minute_ago(180) not in store.minutes(redis)


def test_a_forgotten_minute_is_gone_and_the_others_stay(redis: Redis) -> None:
    store.write(redis, "web-1", {minute_ago(2): seen(), minute_ago(1): seen()})
    store.forget(redis, minute_ago(2))
    assert [minute for minute, _, _ in written(redis)] == [minute_ago(1)]
    assert not redis.exists(store.key_of(minute_ago(2)))


def test_what_another_version_wrote_is_left_out_and_told_once(redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    minute = minute_ago(1)
    store.write(redis, "web-1", {minute: seen()})
    redis.hset(store.key_of(minute), "of-another-version", b"\x93\x01\x02\x03")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert [process for _, process, _ in written(redis)] == ["web-1"]
    assert len(caplog.records) == 1
    assert "of-another-version" in caplog.text


def test_the_tail_is_what_is_not_rolled_up_yet(redis: Redis, database: SQLAlchemy) -> None:
    rolled, newest = minute_ago(3), minute_ago(0)
    store.write(redis, "web-1", {rolled: seen(), newest: seen()})
    store.write(redis, "web-2", {newest: seen()})
    database.session.execute(
        text("INSERT INTO telemetry_minutes (minute) VALUES (:rolled), ('2020-01-01 00:00+00')"),
        {"rolled": datetime.fromtimestamp(rolled, UTC)},
    )
    found = recent_minutes.unrolled()
    assert found.is_complete
    assert [minute for minute, one in found.minutes if STOPS in one.series] == [datetime.fromtimestamp(newest, UTC)] * 2


def test_without_redis_the_tail_is_empty_and_says_so(no_redis: None, database: SQLAlchemy) -> None:
    found = recent_minutes.unrolled()
    assert (found.minutes, found.is_complete) == ([], False)


def test_a_process_is_counted_once_while_it_is_there_busy_or_quiet(redis: Redis) -> None:
    store.write(redis, "busy", {minute_ago(1): seen(), minute_ago(0): seen()})
    store.be_present(redis, "quiet")
    assert store.count_processes(redis) == 2
    with time_machine.travel(clock.now() + timedelta(seconds=10)):
        store.write(redis, "busy", {minute_ago(0): seen()})
    with time_machine.travel(clock.now() + timedelta(seconds=20)):
        store.be_present(redis, "begun anew")
        assert store.count_processes(redis) == 2, "the quiet one is gone"
