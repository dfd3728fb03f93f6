"""A copy of the database, made of a backup and run by a PostgreSQL of its own."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from falconbus.platform.backups import base_backup, moments, unpacking
from falconbus.platform.backups.archive import SEGMENT_BYTES, Archive
from falconbus.platform.backups.errors import BackupFailed
from falconbus.platform.backups.manifest import Manifest
from falconbus.platform.backups.moments import Target
from falconbus.platform.backups.progress import Say
from falconbus.platform.backups.repository import Repository
from falconbus.platform.backups.source import Source
from falconbus.platform.runtime.data_location import DataLocation, give_to
from falconbus.platform.runtime.logs import last_complaint
from falconbus.platform.runtime.parent_death import ending_with_parent
from falconbus.platform.runtime.postgres import MINIMAL_ENVIRONMENT, Postgres
from falconbus.platform.runtime.processes import stop

#: A copy that is thrown away needs no patience with the disk.
CARELESS = {"fsync": "off", "full_page_writes": "off", "archive_mode": "off"}
#: One that stays is had on the disk at its end, all at once (`sync`), and is worth nothing before. What it writes is
#: put aside once it is the database: without a command it waits for that, and its end waits for nothing.
CAREFUL = {"fsync": "off", "archive_mode": "on", "archive_command": ""}
_ENDED_EARLY = "recovery ended before configured recovery target was reached"


@dataclass(frozen=True)
class Copy:
    """A copy in a location of its own, whose folder `data` is the database."""

    repository: Repository
    location: DataLocation
    settings: Mapping[str, str]
    say: Say

    def build(self, backup: Manifest, target: Target) -> dict[str, str]:
        """Put files and log in place; return the settings by which PostgreSQL goes to the moment."""
        chain = self.repository.chain(backup)
        for each in chain:
            unpacking.check_files(self.repository, each)
        unpacking.unpack(self.repository, chain, self.location, self.say)
        data = self.location.path / "data"
        recovery = self._place_log(backup, target)
        (data / "recovery.signal").touch(mode=0o600)
        give_to(data / "recovery.signal", self.location.user)
        return {"restore_command": "false", "recovery_target_action": "promote", "hot_standby": "off", **recovery}

    def _place_log(self, backup: Manifest, target: Target) -> dict[str, str]:
        log = backup.log
        if log is None:
            raise BackupFailed(f"{backup.name} has no log")
        archive = Archive(self.repository, log.system)
        # To its own moment a backup needs nothing but what lies in its folder.
        histories = archive.histories(all_readable=not target.is_own)
        for number, history in histories.items():
            # That of a timeline nobody follows keeps its number from being taken again.
            self._place(f"{number:08X}.history", iter([history.text.encode()]))
        for file in backup.files:
            folder, _, name = file.name.rpartition("/")
            if folder == base_backup.WAL:
                name = name.partition(".")[0]
                path = self.repository.folder(backup.name) / file.name
                self._place(name, self.repository.read(path, archive.label(name)))
        if target.is_own:
            return {"recovery_target_name": log.point, "recovery_target_timeline": "current"}
        route = moments.find_route(archive, backup, log, target, histories)
        if route.has_gap:
            self.say("the kept log has a gap: what comes after it cannot be restored from this backup")
        unpacking.check_space(self.location.path, len(route.files) * SEGMENT_BYTES // 4)
        for name in route.files:
            self._place(name, archive.read(name))
        if target.at is None:
            return {"recovery_target_timeline": str(route.timeline)}
        return {"recovery_target_time": target.at.isoformat(), "recovery_target_timeline": str(route.timeline)}

    def _place(self, name: str, content: Iterator[bytes]) -> None:
        folder = self.location.path / "data" / "pg_wal"
        unpacking.write_log_file(content, folder / name, self.location)
        # It is stored already, and must not be put aside once more.
        done = folder / "archive_status" / f"{name}.done"
        done.touch(mode=0o600)
        give_to(done, self.location.user)

    @contextmanager
    def running(self, recovery: Mapping[str, str]) -> Iterator[Source]:
        """Run the copy for the length of a block; BackupFailed when it does not come to its moment."""
        server = Postgres(self.location, {}, {**self.settings, **recovery})
        server.prepare()
        log = self.location.path / "copy.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                ending_with_parent(server.command(), death_signal=signal.SIGQUIT, user=self.location.user),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=MINIMAL_ENVIRONMENT, cwd="/",
                start_new_session=True,
            )  # fmt: skip
        try:
            while not server.is_ready(process.pid):
                if process.poll() is not None:
                    raise BackupFailed(_reason(log))
                time.sleep(0.02)
            yield Source(server.facts()["url"].replace("postgresql+psycopg:", "postgresql:", 1), self.location)
        finally:
            stop(process, ((signal.SIGINT, 120.0), (signal.SIGQUIT, 5.0)))
            server.tidy()

    def sync(self) -> None:
        """Have the stopped copy on the disk, whatever happens next."""
        server = Postgres(self.location, {})
        server.find_programs()
        server.call(["initdb", "--sync-only", "--pgdata", str(self.location.path / "data")])

    def check_pages(self) -> None:
        """Check every page of the stopped copy, those of indexes, too; BackupFailed."""
        server = Postgres(self.location, {})
        server.find_programs()
        server.call(["pg_checksums", "--check", "--pgdata", str(self.location.path / "data")])


@contextmanager
def place_for_copy(parent: DataLocation, name: str) -> Iterator[DataLocation]:
    """Provide an empty folder for a copy, which is removed afterwards; so is what a killed one left."""
    folder = parent.path / name
    shutil.rmtree(folder, ignore_errors=True)
    place = DataLocation(parent.folder(name), parent.user)
    try:
        yield place
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _reason(log: Path) -> str:
    said = last_complaint(log)
    if _ENDED_EARLY in said:
        return (
            "the kept log ends, or has a gap, before that moment: the last minutes are stored while `./falcon up` runs,"
            " so try again in two; `--to latest` restores what there is"
        )
    return f"the copy does not start: {said.rpartition('FATAL:')[2].strip()}"
