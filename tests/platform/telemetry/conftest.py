"""An empty Redis for what processes see."""

from collections.abc import Iterator

import pytest
import time_machine
from redis import Redis

from falconbus.app import FalconBus
from falconbus.platform.kit import clock


@pytest.fixture
def redis(app: FalconBus) -> Iterator[Redis]:
    """The Redis of the newest minutes, emptied before and after; no minute ends while the test runs."""
    client: Redis = app.extensions["cache_redis"]
    client.flushdb()
    with time_machine.travel(clock.now(), tick=False):
        yield client
    client.flushdb()


@pytest.fixture
def no_redis(app: FalconBus, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody answers at the address of Redis."""
    with Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.25) as client:
        monkeypatch.setitem(app.extensions, "cache_redis", client)
        yield
