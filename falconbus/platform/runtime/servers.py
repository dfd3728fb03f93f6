"""Using the embedded servers: finding those that run, starting those that do not, letting go of them."""

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
        self._keeper: subprocess.Popen[bytes] | None = None
        self._use = open_lock(self._files.use_lock)
        fcntl.flock(self._use, fcntl.LOCK_SH)

    def ensure(self) -> dict[str, str]:
        """See to it that the server runs; what its clients must know."""
        with locked(self._files.start_lock):
            if self._keeper_is_gone():
                self._start_keeper()
            return self._wait_until_ready()

    def release(self) -> None:
        """Let go of the server, and when nobody else uses it wait until it has stopped."""
        fcntl.flock(self._use, fcntl.LOCK_UN)
        deadline = time.monotonic() + SECONDS_TO_STOP
        while is_locked(self._files.keeper_lock) and not self._used_by_others():
            if time.monotonic() > deadline:
                break
            time.sleep(0.03)
        os.close(self._use)
        if self._keeper:
            self._keeper.poll()

    def _keeper_is_gone(self) -> bool:
        """Neither ours lives, which may not have its lock yet, nor anybody's."""
        ours_lives = self._keeper is not None and self._keeper.poll() is None
        return not ours_lives and not is_locked(self._files.keeper_lock)

    def _start_keeper(self) -> None:
        # Whatever the file says is of a keeper that is no more; its facts are for the next one to choose again.
        self._files.write(self._files.read(), status="starting")
        with self._files.log.open("ab") as log:
            self._keeper = subprocess.Popen(
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
            gone = self._keeper_is_gone()
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
        """Neither free nor held alone by the keeper, which is then stopping the server."""
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
        """Each server's facts by its name. Call it again to bring back a keeper that was killed."""
        for name in self._names:
            if name not in self._in_use:
                self._in_use[name] = ServerInUse(self._data, name)
        return {name: server.ensure() for name, server in self._in_use.items()}

    def close(self) -> None:
        """Let go of all; safe to call twice."""
        while self._in_use:
            self._in_use.popitem()[1].release()
