"""The daemon that keeps one embedded server running for as long as anybody uses it.

Started as `python -m falconbus.platform.runtime.server_daemon postgres DATA_DIR` by the first user. It outlives that
user, whose end would otherwise take the server from the others, and stops the server when the last is gone, even by
kill -9.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryFile

from falconbus.platform.runtime.data_location import DataLocation, find_data_location
from falconbus.platform.runtime.embedded import Server
from falconbus.platform.runtime.errors import CannotRun
from falconbus.platform.runtime.locks import lock_within, open_lock, try_lock
from falconbus.platform.runtime.logs import last_complaint, rotate
from falconbus.platform.runtime.parent_death import ending_with_parent
from falconbus.platform.runtime.paths import DataFolder
from falconbus.platform.runtime.postgres import MINIMAL_ENVIRONMENT, Postgres, archiving
from falconbus.platform.runtime.processes import Restarts, stop
from falconbus.platform.runtime.state import ServerFiles
from falconbus.platform.runtime.valkey import Valkey


def _postgres(location: DataLocation, last: Mapping[str, str]) -> Postgres:
    return Postgres(location, last, archiving(os.environ))


SERVERS: Mapping[str, Callable[[DataLocation, Mapping[str, str]], Server]] = {"postgres": _postgres, "valkey": Valkey}
#: Replaying the write-ahead log after an abrupt end takes long.
SECONDS_TO_START = 120.0


class ServerDaemon:
    """One server and the process it runs in."""

    def __init__(self, files: ServerFiles) -> None:
        self._files = files
        self._location = find_data_location(files.data, files.name)
        # The server inherits this descriptor: the lock is free only when the very last of its processes is gone, so
        # that no second server ever opens the same data, however the first daemon ended.
        self._data_lock = open_lock(self._location.path)
        if not lock_within(self._data_lock, 20):
            raise CannotRun(f"another {files.name} still runs on {self._location.path}")
        self._server = SERVERS[files.name](self._location, files.read())
        self._restarts = Restarts(first_pause=0.5)
        self._server.prepare()
        self._process = self._start()

    def run_until_unused(self) -> None:
        """Keep the server running until its last user is gone, then stop it."""
        use = open_lock(self._files.use_lock)
        while not try_lock(use):
            if self._process.poll() is not None:
                self._start_again()
            time.sleep(0.1)
        # From here on new users wait for the lock, and so for our end.
        self._files.write(self._server.facts(), status="stopped")
        stop(self._process, self._server.stop_steps)
        self._server.tidy()

    def _start(self) -> subprocess.Popen[bytes]:
        line = ending_with_parent(
            self._server.command(), death_signal=self._server.stop_steps[0][0], user=self._location.user
        )
        with self._files.log.open("ab") as log, TemporaryFile() as configuration:
            configuration.write(self._server.configuration())
            configuration.seek(0)
            process = subprocess.Popen(
                line,
                stdin=configuration,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=MINIMAL_ENVIRONMENT,
                cwd="/",
                pass_fds=(self._data_lock,),
                start_new_session=True,
            )
        self._wait_until_ready(process)
        return process

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while not self._server.is_ready(process.pid):
            if process.poll() is not None or time.monotonic() > deadline:
                stop(process, self._server.stop_steps)
                raise CannotRun(f"{self._files.name} did not start: {last_complaint(self._files.log)}")
            time.sleep(0.02)
        self._files.write(self._server.facts(), status="ready")

    def _start_again(self) -> None:
        """Restart the server at the same address, which its users know.

        The old one's last processes may be slow to release the data.
        """
        while True:
            self._restarts.note_death()
            if self._restarts.has_failed:
                raise CannotRun(f"{self._files.name} died too often: {last_complaint(self._files.log)}")
            while not self._restarts.due:
                time.sleep(0.05)
            try:
                self._process = self._start()
            except CannotRun:
                continue
            return


def main(name: str, data_dir: str) -> int:
    """Run the daemon of that server; return 1 when the server will not run, with the reason in the state file."""
    os.chdir("/")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A signal to all processes at once is meant for the users; the servers must stay while those end.
        signal.signal(number, signal.SIG_IGN)
    files = ServerFiles(DataFolder(Path(data_dir)), name)
    if not lock_within(open_lock(files.daemon_lock), 1):
        return 0
    rotate(files.log)
    try:
        ServerDaemon(files).run_until_unused()
    except CannotRun as fault:
        files.write({**files.read(), "fault": str(fault)}, status="failed")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
