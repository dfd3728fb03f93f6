"""The workers' heartbeats: every ten seconds, by node name, in a sorted set on the broker's Redis."""

import logging
import time
from typing import Any

from celery.signals import heartbeat_sent
from redis import Redis
from redis.exceptions import RedisError

from falconbus.platform.kit import clock

log = logging.getLogger(__name__)

#: From a worker's name to the epoch seconds of its last sign of life.
WORKERS = "telemetry:workers"
_EVERY_SECONDS = 10.0
_KEPT_SECONDS = 3600
#: A worker that has said nothing for so long is not alive.
ALIVE_SECONDS = 75


class Heartbeat:
    """The heartbeat of one worker; a broker that is away costs it a quarter of a second, every ten."""

    def __init__(self, redis: Redis, worker: str) -> None:
        self._redis = redis
        self._worker = worker
        self._next = 0.0

    def beat(self) -> None:
        """Write a heartbeat, unless that was done a moment ago."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY_SECONDS
        now = clock.now().timestamp()
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.zadd(WORKERS, {self._worker: now})
        pipeline.zremrangebyscore(WORKERS, "-inf", now - _KEPT_SECONDS)
        pipeline.expire(WORKERS, _KEPT_SECONDS)
        try:
            pipeline.execute()
        except RedisError as fault:
            log.debug("telemetry: no heartbeat: %s", type(fault).__name__)


def alive(redis: Redis) -> dict[str, float]:
    """Return the workers that are alive, each with the seconds since its last sign of life. RedisError."""
    now = clock.now().timestamp()
    beats: Any = redis.zrangebyscore(WORKERS, now - ALIVE_SECONDS, "+inf", withscores=True)
    return {name.decode(): max(0.0, now - at) for name, at in beats}


def begin(broker_url: str) -> None:
    """Start the heartbeats of this worker."""
    own: list[Heartbeat] = []

    def beat(sender: Any, **_: Any) -> None:
        if not own:
            redis = Redis.from_url(broker_url, socket_timeout=0.25, socket_connect_timeout=0.25)
            own.append(Heartbeat(redis, sender.eventer.hostname))
        own[0].beat()

    # Celery would forget a function that nobody else holds.
    heartbeat_sent.connect(beat, weak=False)
