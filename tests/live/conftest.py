"""The live process as the Procfile starts it, and a Redis of its own that can be stopped."""

import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from falconbus.platform.kit import clock
from falconbus.platform.runtime.paths import valkey_program
from falconbus.platform.runtime.procfile import read_procfile, split_command
from falconbus.platform.telemetry import store
from falconbus.platform.telemetry.histogram import bucket_of
from falconbus.platform.telemetry.minute_counts import ENDPOINT, Minute, Series
from tests.e2e.conftest import eventually, free_port
from tests.platform.runtime.processes import bare_environment

ROOT = Path(__file__).parents[2]
SECRET_KEY = "a secret that only the tests know, 32+"
PUBLIC_URL = "https://bus.example"


@dataclass
class Listener:
    """Somebody who hears an event stream, in a thread."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    events: list[tuple[str, Any]] = field(default_factory=list)
    status: int = 0
    answered: dict[str, str] = field(default_factory=dict)
    has_ended: bool = False

    def start(self) -> "Listener":
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def _listen(self) -> None:
        try:
            request = urllib.request.Request(self.url, headers=self.headers)  # noqa: S310  ours
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                self.status, self.answered = answer.status, dict(answer.headers)
                name = ""
                for raw in answer:
                    key, _, value = raw.decode().rstrip("\n").partition(": ")
                    if key == "event":
                        name = value
                    elif key == "data":
                        self.events.append((name, json.loads(value)))
        except urllib.error.HTTPError as fault:
            with fault:
                self.status, self.answered = fault.code, dict(fault.headers)
        except OSError:
            self.status = self.status or -1
        self.has_ended = True

    def heard(self, name: str) -> list[Any]:
        return [data for each, data in self.events if each == name]


class OwnRedis:
    """A server that only this test uses."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [
            str(program),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(folder),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self.client = Redis.from_url(self.url)

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        eventually(self.is_up)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def is_up(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisError:
            return False

    def tell(self, process: str, requests: int, milliseconds: float = 10) -> None:
        """Say that a process has answered so many requests in this minute."""
        bucket = bucket_of(milliseconds * 1000)
        series = Series(requests, int(requests * milliseconds * 1000), {bucket: requests}, {"2xx": requests})
        minute = int(clock.now().timestamp() // 60 * 60)
        store.write(self.client, process, {minute: Minute("r1", {(ENDPOINT, "GET /x"): series})})


class LiveProcess:
    """`live` of the Procfile."""

    def __init__(self, redis_url: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = bare_environment(
            DATABASE_URL="postgresql://nobody@/none?host=/nonexistent",
            REDIS_URL="redis://127.0.0.1:1/0",
            CACHE_REDIS_URL=redis_url,
            SECRET_KEY=SECRET_KEY,
            PUBLIC_URL=PUBLIC_URL,
            LIVE_HOST="127.0.0.1",
            LIVE_PORT=str(self.port),
            PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            PYTHONPATH=str(ROOT),
        )
        command = split_command(read_procfile(ROOT / "Procfile")["live"], environment)
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment)

    def health(self) -> Any:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:  # noqa: S310
                return json.load(answer)
        except OSError:
            return None

    def resident_megabytes(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def listen(self, ticket: str, **headers: str) -> Listener:
        return Listener(f"{self.url}/events?ticket={ticket}", headers).start()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    server = OwnRedis(valkey_program(), tmp_path)
    server.start()
    yield server
    server.stop()
    server.client.close()


@pytest.fixture
def live(own_redis: OwnRedis) -> Iterator[LiveProcess]:
    running = LiveProcess(own_redis.url)
    try:
        eventually(running.health)
        yield running
    finally:
        running.process.terminate()
        assert running.process.wait(15) == 0
