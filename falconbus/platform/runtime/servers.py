"""The use of embedded servers: find those that run, start the others, release them."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Sequence

from falconbus.platform.runtime.errors import CannotRun
from falconbus.platform.runtime.locks import is_locked, locked, open_lock, try_lock
from falconbus.platform.runtime.paths import PROJECT, DataFolder
from falconbus.platform.runtime.server_daemon import SECONDS_TO_START
from falconbus.platform.runtime.state import ServerFiles

_DAEMON = "falconbus.platform.runtime.server_daemon"

SECONDS_TO_STOP = 10.0


class ServerInUse:
    """One embedded server, which runs at least until release() or the end of this process."""

    def __init__(self, data: DataFolder, name: str) -> None:
        self._files = ServerFiles(data, name)
        self._daemon: subprocess.Popen[bytes] | None = None
        self._use = open_lock(self._files.use_lock)
        fcntl.flock(self._use, fcntl.LOCK_SH)

    def ensure(self) -> dict[str, str]:
        """Make sure that the server runs; return what its clients must know. CannotRun."""
        with locked(self._files.start_lock):
            if self._daemon_is_gone():
                self._start_daemon()
            return self._wait_until_ready()

    def release(self) -> None:
        """Release the server; when nobody else uses it, wait until it has stopped."""
        fcntl.flock(self._use, fcntl.LOCK_UN)
        deadline = time.monotonic() + SECONDS_TO_STOP
        while is_locked(self._files.daemon_lock) and not self._used_by_others():
            if time.monotonic() > deadline:
                break
            time.sleep(0.03)
        os.close(self._use)
        if self._daemon:
            self._daemon.poll()

    def _daemon_is_gone(self) -> bool:
        """Return whether no daemon lives: neither ours, which may not have its lock yet, nor another's."""
        ours_lives = self._daemon is not None and self._daemon.poll() is None
        return not ours_lives and not is_locked(self._files.daemon_lock)

    def _start_daemon(self) -> None:
        # The file was written by a daemon that is gone; the next one takes its facts over.
        self._files.write(self._files.read(), status="starting")
        with self._files.log.open("ab") as log:
            self._daemon = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    _DAEMON,
                    self._files.name,
                    str(self._files.data.root),
                ],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )

    def _wait_until_ready(self) -> dict[str, str]:
        deadline = time.monotonic() + SECONDS_TO_START + 30
        while time.monotonic() < deadline:
            gone = self._daemon_is_gone()
            facts = self._files.read()
            if facts.get("status") == "ready":
                return facts
            if facts.get("status") == "failed":
                raise CannotRun(facts["fault"])
            if gone:
                break
            time.sleep(0.02)
        raise CannotRun(f"{self._files.name} did not start; {self._files.log} may say why")

    def _used_by_others(self) -> bool:
        """Return whether others hold the use lock; the daemon holds it alone while it stops the server."""
        alone = try_lock(self._use)
        others = not alone and try_lock(self._use, shared=True)
        fcntl.flock(self._use, fcntl.LOCK_UN)
        return others


class Servers:
    """The embedded servers that one process uses."""

    def __init__(self, data: DataFolder, names: Sequence[str]) -> None:
        self._data = data
        self._names = names
        self._in_use: dict[str, ServerInUse] = {}

    def start(self) -> dict[str, dict[str, str]]:
        """Start the servers that do not run, or whose daemon was killed; return each one's facts by its name."""
        for name in self._names:
            if name not in self._in_use:
                self._in_use[name] = ServerInUse(self._data, name)
        return {name: server.ensure() for name, server in self._in_use.items()}

    def close(self) -> None:
        """Release all servers; safe to call twice."""
        while self._in_use:
            self._in_use.popitem()[1].release()
