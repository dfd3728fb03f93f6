"""The minutes in Redis: one hash a minute, one field a process, and a sorted set that lists them.

A process writes its field whole each time, so a write that is repeated counts once.
"""

import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from redis import Redis
from redis.client import Pipeline

from falconbus.platform.kit import clock
from falconbus.platform.telemetry.minute_counts import Minute

log = logging.getLogger(__name__)

#: The sorted set of all minutes (epoch seconds of their begin), so that nobody has to scan for keys.
INDEX = "telemetry:minutes"
KEPT_SECONDS = 2 * 3600
#: From a process to the epoch seconds of its last sign of life; one that gave none for so long is gone.
PROCESSES = "telemetry:processes"
PRESENT_SECONDS = 15
_decoder = msgspec.msgpack.Decoder(Minute)


def key_of(minute: int) -> str:
    """Return the key of the minute that begins at so many epoch seconds."""
    return f"telemetry:minute:{minute}"


def write(redis: Redis, process: str, minutes: Mapping[int, Minute]) -> int:
    """Write a process's minutes over what it wrote before, in one pipeline; return their bytes. RedisError."""
    if not minutes:
        return 0
    pipeline = redis.pipeline(transaction=False)
    blobs = {minute: msgspec.msgpack.encode(seen) for minute, seen in minutes.items()}
    for minute, blob in blobs.items():
        pipeline.hset(key_of(minute), process, blob)
        pipeline.expire(key_of(minute), KEPT_SECONDS)
    pipeline.zadd(INDEX, {str(minute): minute for minute in minutes})
    pipeline.zremrangebyscore(INDEX, "-inf", min(minutes) - KEPT_SECONDS)
    pipeline.expire(INDEX, KEPT_SECONDS)
    _note_presence(pipeline, process)
    pipeline.execute()
    return sum(map(len, blobs.values()))


def be_present(redis: Redis, process: str) -> None:
    """Say that a process is there, though it has nothing to tell. RedisError."""
    pipeline = redis.pipeline(transaction=False)
    _note_presence(pipeline, process)
    pipeline.execute()


def count_processes(redis: Redis) -> int:
    """Return how many processes are there: busy or quiet, each once. RedisError."""
    counted: Any = redis.zcount(PROCESSES, clock.now().timestamp() - PRESENT_SECONDS, "+inf")
    return int(counted)


def _note_presence(pipeline: Pipeline, process: str) -> None:
    now = clock.now().timestamp()
    pipeline.zadd(PROCESSES, {process: now})
    pipeline.zremrangebyscore(PROCESSES, "-inf", now - PRESENT_SECONDS)
    pipeline.expire(PROCESSES, PRESENT_SECONDS)


def minutes(redis: Redis) -> list[int]:
    """Return the begins of all listed minutes (epoch seconds), oldest first."""
    listed: Any = redis.zrange(INDEX, 0, -1)
    return [int(minute) for minute in listed]


def read(redis: Redis) -> list[tuple[int, str, Minute]]:
    """Return all minutes with the process that wrote each, oldest first, in two round trips; RedisError."""
    listed = minutes(redis)
    if not listed:
        return []
    pipeline = redis.pipeline(transaction=False)
    for minute in listed:
        pipeline.hgetall(key_of(minute))
    return [
        (minute, process, seen)
        for minute, fields in zip(listed, pipeline.execute(), strict=True)
        for process, seen in _decoded(fields).items()
    ]


def read_minute(redis: Redis, minute: int) -> list[Minute]:
    """Return what all processes wrote of one minute."""
    fields: Any = redis.hgetall(key_of(minute))
    return list(_decoded(fields).values())


def forget(redis: Redis, minute: int) -> None:
    """Delete a minute that has been rolled up."""
    pipeline = redis.pipeline(transaction=False)
    pipeline.delete(key_of(minute))
    pipeline.zrem(INDEX, str(minute))
    pipeline.execute()


def _decoded(fields: Mapping[bytes, bytes]) -> dict[str, Minute]:
    decoded: dict[str, Minute] = {}
    for process, blob in fields.items():
        try:
            decoded[process.decode()] = _decoder.decode(blob)
        except (msgspec.DecodeError, UnicodeDecodeError):
            _tell_unreadable(process)
    return decoded


@lru_cache(maxsize=64)
def _tell_unreadable(process: bytes) -> None:
    """Log, once for each process, that it writes in the format of another version of the code."""
    log.warning("telemetry: what process %s saw cannot be read by this version of the code; left out", process)
