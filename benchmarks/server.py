"""The web servers under test: gunicorn in processes of its own, on a free port."""

import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Self

from benchmarks.cpu_time import backends_cpu_seconds, family_cpu_seconds
from benchmarks.environment import RESULTS, ROOT

OURS = ("falconbus.platform.runtime.gunicorn_conf", "wsgi:app")
FLOOR = ("benchmarks.floor.gunicorn_conf", "benchmarks.floor.app:app")
#: Our app as gunicorn's own threads serve it.
GTHREAD = ("benchmarks.gthread_conf", "wsgi:app")
UNGUARDED = ("falconbus.platform.runtime.gunicorn_conf", "benchmarks.unguarded:app")
# No web process is replaced in the middle of a round, which would slow one side.
_STEADY = ("--max-requests", "0")
_SECONDS_TO_START = 60.0


class WebServer:
    """A gunicorn, running while its context is open; its log goes to a file, as in production."""

    def __init__(self, name: str, program: tuple[str, str], settings: Mapping[str, str]) -> None:
        self.name = name
        self.port = free_port()
        self._program = program
        self._settings = {**settings, "PORT": str(self.port), "WEB_HOST": "127.0.0.1", "PYTHONPATH": str(ROOT)}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        RESULTS.mkdir(exist_ok=True)
        configuration, app = self._program
        with (RESULTS / f"{self.name}.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--config", f"python:{configuration}", *_STEADY, app],
                cwd=ROOT,
                env=self._settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._wait_until_it_listens()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def cpu_seconds(self) -> float:
        """Return the CPU time of its processes so far."""
        assert self._process is not None
        return family_cpu_seconds(self._process.pid)

    def backends_cpu_seconds(self) -> dict[int, float]:
        """Return the CPU time of PostgreSQL's backends for its database so far, by pid."""
        return backends_cpu_seconds(self._settings["DATABASE_URL"])

    def _wait_until_it_listens(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _SECONDS_TO_START
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        log = (RESULTS / f"{self.name}.log").read_text()
        raise RuntimeError(f"{self.name} did not start:\n{log[-2000:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
