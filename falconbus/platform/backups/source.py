"""The database that is backed up, and PostgreSQL's programs for it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg

from config import Settings
from falconbus.platform.backups.errors import BackupFailed
from falconbus.platform.runtime.data_location import DataLocation, find_data_location
from falconbus.platform.runtime.parent_death import ending_with_parent
from falconbus.platform.runtime.paths import DataFolder, postgres_programs
from falconbus.platform.runtime.postgres import DATABASE, KEPT_WAL
from falconbus.platform.runtime.processes import kill_group
from falconbus.platform.runtime.state import ServerFiles

#: What is written must read the same on every server and in every session.
_SESSION = (
    "-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c extra_float_digits=1 -c bytea_output=hex"
    " -c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"
    " -c max_parallel_workers_per_gather=0 -c jit=off"
)


@dataclass(frozen=True)
class Source:
    """A database by its address; `location` is where the embedded server keeps it, None for one of somebody else's."""

    url: str
    location: DataLocation | None = None

    @property
    def kept_wal(self) -> Path | None:
        """Return the folder where the embedded server puts its full log files."""
        return self.location.path / KEPT_WAL if self.location else None

    @property
    def name(self) -> str:
        """Return the database's name."""
        return unquote(urlsplit(self.url).path.strip("/"))

    @property
    def owner(self) -> str:
        """Return whose backups these are: PostgreSQL's identifier of the server's data, and the database; BackupFailed.

        The first is made with the data and kept by every copy of it, so that a restored database goes on with its own.
        """
        return f"{self.system}/{self.name}"

    @property
    def system(self) -> str:
        """Return the identifier of the server's data; BackupFailed."""
        with self.connect() as connection:
            row = connection.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
        return str(row[0]) if row else ""

    def at(self, database: str) -> "Source":
        """Return another database of the same server."""
        return Source(urlunsplit(urlsplit(self.url)._replace(path=f"/{database}")), self.location)

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection]:
        """Provide a connection without time limits; BackupFailed when there is none to be had."""
        try:
            connection = psycopg.connect(self.url, autocommit=True, options=_SESSION, connect_timeout=10)
        except psycopg.OperationalError as error:
            raise BackupFailed(f"the database does not answer: {_last_line(str(error))}") from None
        try:
            with connection:
                yield connection
        except psycopg.Error as error:
            raise BackupFailed(f"the database refused: {_last_line(str(error))}") from None

    def program(self, name: str, *arguments: str) -> "Program":
        """Return one of PostgreSQL's programs, for this database."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        user = parts.netloc.rpartition("@")[0].partition(":")[0]
        address = urlunsplit(parts._replace(netloc=f"{user}@{host}" if user else host))
        # Beside the command line, which everybody on the machine can read.
        secret = {"PGPASSWORD": unquote(parts.password)} if parts.password else {}
        return Program(name, [f"--dbname={address}", *arguments], {**os.environ, **secret})


@dataclass(frozen=True)
class Program:
    """A program of PostgreSQL's with its arguments, run as a child that ends with us."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]

    def in_terminal(self) -> int:
        """Run it for the person at the terminal; return its exit code."""
        return subprocess.run([str(self._path), *self.arguments], env=dict(self.environment), check=False).returncode

    @property
    def _path(self) -> Path:
        return postgres_programs() / self.name

    @contextmanager
    def output(self) -> Iterator[IO[bytes]]:
        """Provide what it prints; BackupFailed with its last complaint when it fails."""
        with self._run(stdout=subprocess.PIPE) as process:
            assert process.stdout is not None  # noqa: S101  it is a pipe
            yield process.stdout

    @contextmanager
    def input(self) -> Iterator[IO[bytes]]:
        """Provide what it reads from; BackupFailed with its last complaint when it fails."""
        with self._run(stdin=subprocess.PIPE) as process:
            assert process.stdin is not None  # noqa: S101  it is a pipe
            try:
                yield process.stdin
                process.stdin.close()
            except BrokenPipeError:
                pass  # it has ended, and says why

    @contextmanager
    def _run(self, *, stdin: int | None = None, stdout: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
        command = [str(self._path), *self.arguments]
        with (
            TemporaryFile() as complaints,
            subprocess.Popen(
                ending_with_parent(command, death_signal=signal.SIGKILL),
                stdin=stdin or subprocess.DEVNULL,
                stdout=stdout or subprocess.DEVNULL,
                stderr=complaints,
                env=dict(self.environment),
                start_new_session=True,
            ) as process,
        ):
            try:
                yield process
            except BaseException:
                kill_group(process)
                raise
            if process.wait() != 0:
                complaints.seek(0)
                raise BackupFailed(f"{self.name} failed: {_last_line(complaints.read().decode(errors='replace'))}")


def find_source(settings: Settings) -> Source:
    """Return the database of the settings; the embedded one knows where it is."""
    url = settings.database_url.replace("postgresql+psycopg:", "postgresql:", 1)
    data = DataFolder(settings.data_dir)
    is_ours = ServerFiles(data, "postgres").read().get("url") == settings.database_url
    return Source(url, find_data_location(data, "postgres") if is_ours else None)


def owner_of_data(location: DataLocation) -> str | None:
    """Return the owner of the embedded server's data, which need not run; None without data that can be read."""
    try:
        # The first eight bytes are the identifier, in the machine's own order.
        begin = (location.path / "data" / "global" / "pg_control").read_bytes()[:8]
    except OSError:
        return None
    return f"{int.from_bytes(begin, sys.byteorder)}/{DATABASE}"


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    fatal = [line for line in lines if "error" in line.lower() or "fatal" in line.lower()]
    return (fatal or lines or ["no reason given"])[-1]
