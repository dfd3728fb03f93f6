"""Programs for the tests to run beside themselves, and ways to see what runs."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import psycopg
import redis

from falconbus.platform.runtime.paths import PROJECT, DataFolder

#: Uses the servers of a data folder until its input ends, or until it is killed.
USE_SERVERS = """
import json, sys
from pathlib import Path
from falconbus.platform.runtime.paths import DataFolder
from falconbus.platform.runtime.servers import Servers
data = DataFolder(Path(sys.argv[1]))
data.make()
servers = Servers(data, ["postgres", "valkey"])
print(json.dumps(servers.start()), flush=True)
for _line in sys.stdin:
    print(json.dumps(servers.start()), flush=True)
servers.close()
"""


class User:
    """A process that uses both servers."""

    def __init__(self, data: DataFolder) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USE_SERVERS, str(data.root)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.facts = self._read_facts()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate(timeout=30)

    def look_again(self) -> dict[str, dict[str, str]]:
        """Have it see to it that the servers run."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self._read_facts()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.communicate()

    def sql(self, statement: str) -> object:
        """The first value of the statement's answer, if it has one."""
        url = self.facts["postgres"]["url"].replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    def redis(self) -> "redis.Redis":
        return redis.Redis.from_url(self.facts["valkey"]["url"], decode_responses=True)

    def is_served(self) -> bool:
        """Whether both servers answer."""
        try:
            with self.redis() as client:
                return self.sql("SELECT 1") == 1 and client.ping() is True
        except (psycopg.OperationalError, redis.RedisError):
            return False

    def _read_facts(self) -> dict[str, dict[str, str]]:
        assert self.process.stdout is not None
        facts: dict[str, dict[str, str]] = json.loads(self.process.stdout.readline())
        return facts


def processes_of(data: DataFolder) -> dict[int, str]:
    """The command line of every process that works in, or was told of, a data folder."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            place = str((folder / "cwd").readlink())
            if int(folder.name) != os.getpid() and (str(data.root) in command or place.startswith(str(data.root))):
                found[int(folder.name)] = command
    return found


def kill_processes(data: DataFolder, having: str) -> int:
    """kill -9 every process of a data folder with those words in its command line; how many."""
    chosen = [pid for pid, command in processes_of(data).items() if having in command]
    for pid in chosen:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(chosen)


def wait_until(condition: Callable[[], object], seconds: float, complaint: str) -> None:
    """Look ten times a second, for so long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.1)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def bare_environment(**settings: str) -> dict[str, str]:
    """The environment of somebody who has set nothing else."""
    ours = {"DATABASE_URL", "REDIS_URL", "CACHE_REDIS_URL", "SECRET_KEY", "EMBEDDED", "DATA_DIR", "PUBLIC_URL"}
    return {name: value for name, value in os.environ.items() if name not in ours} | settings
