"""A web process of the benchmark's own: the Procfile's command, on a free port, with the present database."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from config import Settings
from falconbus.performance.cache_benchmark.errors import CannotBenchmark
from falconbus.platform.runtime import processes
from falconbus.platform.runtime.environment import for_children
from falconbus.platform.runtime.parent_death import ending_with_parent
from falconbus.platform.runtime.paths import PROJECT
from falconbus.platform.runtime.procfile import read_procfile, split_command

_HOST = "127.0.0.1"
_SECONDS_TO_START = 60.0
_STEPS = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))


@contextmanager
def own_web(settings: Settings) -> Iterator[str]:
    """Start the web, yield its address, and stop it; it ends also when we are killed. CannotBenchmark.

    Cached responses are kept by host and port: those of this web are its own, and nobody else's are touched.
    """
    port = _free_port()
    url = f"http://{_HOST}:{port}"
    environment = _environment(settings, port, url)
    command = split_command(read_procfile(PROJECT / "Procfile")["web"], environment)
    with tempfile.TemporaryFile() as log:
        # A session of its own: Ctrl-C is for us, and we end it in good order.
        process = subprocess.Popen(
            ending_with_parent(command, death_signal=signal.SIGTERM),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=PROJECT,
            start_new_session=True,
        )
        try:
            _wait_until_it_listens(process, port, log)
            yield url
        finally:
            processes.stop(process, _STEPS)


def _environment(settings: Settings, port: int, url: str) -> Mapping[str, str]:
    """Return the environment with our servers; one process, so that all requests find the same warm caches."""
    ours = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "CACHE_REDIS_URL": settings.cache_redis_url,
        "SECRET_KEY": settings.secret_key,
        "DATA_DIR": str(settings.data_dir),
        "EMBEDDED": str(settings.embedded),
        "PORT": str(port),
        "PUBLIC_URL": url,
        "WEB_HOST": _HOST,
        "WEB_CONCURRENCY": "1",
        "WEB_GRACEFUL_TIMEOUT": "2",
        "RATELIMIT_ENABLED": "false",
        "LOG_LEVEL": "WARNING",
    }
    return for_children({**os.environ, **ours}, Path(sys.executable).parent)


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: IO[bytes]) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as knock:
            if knock.connect_ex((_HOST, port)) == 0:
                return
        time.sleep(0.05)
    log.seek(0)
    lines = log.read().decode(errors="replace").split("\n")
    output = [line.strip() for line in lines if line.strip()]
    raise CannotBenchmark(f"the web did not start: {output[-1] if output else 'it says nothing'}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
