"""Put a backup in the place of the embedded server's data, which is kept aside."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from falconbus.platform.backups import archive, figures, moments
from falconbus.platform.backups.copies import CAREFUL, Copy, place_for_copy
from falconbus.platform.backups.errors import BackupFailed, one_line
from falconbus.platform.backups.manifest import Manifest
from falconbus.platform.backups.moments import Target
from falconbus.platform.backups.progress import Say
from falconbus.platform.backups.repository import COPYING, Repository
from falconbus.platform.backups.source import Source, owner_of_data
from falconbus.platform.backups.stakes import AtStake, tell_stake
from falconbus.platform.kit import clock
from falconbus.platform.runtime.data_location import DataLocation, find_data_location
from falconbus.platform.runtime.errors import CannotRun
from falconbus.platform.runtime.locks import lock_within, open_lock, try_lock
from falconbus.platform.runtime.paths import DataFolder
from falconbus.platform.runtime.postgres import KEPT_WAL, RESTORED, RESTORING
from falconbus.platform.runtime.servers import Servers
from falconbus.platform.runtime.state import ServerFiles

#: In the folder that is kept aside: what of its server's log was not stored.
LEFT_LOG = "log-not-stored"


@dataclass(frozen=True)
class Restored:
    """What was restored, to when, and where the data from before is kept."""

    backup: Manifest
    #: When the last of what was restored was committed.
    reached: datetime
    kept_aside: Path | None


@dataclass(frozen=True)
class Restoring:
    """One restore into the embedded server's place."""

    data: DataFolder
    repository: Repository
    say: Say
    at_stake: tuple[AtStake, ...] = field(default=())

    def restore(self, name: str | None, target: Target, *, overwrite: bool) -> Restored:
        """Restore; BackupFailed, and then everything is as it was before."""
        with one_line(), self._nothing_runs(), self.repository.alone("restoring", COPYING):
            # Chosen first: a name or a moment that is none is told before anything is touched.
            location = find_data_location(self.data, "postgres")
            backup = moments.choose(self.repository, name, target, owner_of_data(location))
            present = location.path / "data"
            if present.exists():
                self._look_at_present(location, target.at or backup.moment, target, overwrite=overwrite)
            with self._alone_with_data(location), place_for_copy(location, RESTORING) as place:
                copy = Copy(self.repository, place, CAREFUL, self.say)
                self.say(f"restoring {backup.name}")
                recovery = copy.build(backup, target)
                with copy.running(recovery) as server:
                    if target.is_own:
                        figures.check(server, backup)
                    reached = _last_commit(server) or backup.moment
                copy.sync()
                return Restored(backup, reached, put_in_place(place, location))

    @contextmanager
    def _nothing_runs(self) -> Iterator[None]:
        """Keep `up` from running; BackupFailed when it does."""
        lock = open_lock(self.data.run / "up.lock")
        try:
            if not try_lock(lock):
                raise BackupFailed("./falcon up runs on this data folder: end it first")
            yield
        finally:
            os.close(lock)

    def _look_at_present(self, location: DataLocation, moment: datetime, target: Target, *, overwrite: bool) -> None:
        """Tell what would be replaced, and store the log up to now; refuse without `overwrite`. BackupFailed."""
        servers = Servers(self.data, ["postgres"])
        try:
            url = servers.start()["postgres"]["url"].replace("postgresql+psycopg:", "postgresql:", 1)
            source = Source(url, location)
            if not target.latest:
                tell_stake(source, moment, self.at_stake, self.say)
            if overwrite:
                self._try_to_store_log(source)
        except CannotRun as fault:
            self.say(f"the present database does not answer ({fault}): what is in it since then is not known")
        finally:
            servers.close()
        if not overwrite:
            raise BackupFailed("there is a database in its place: say --overwrite to replace it (it is kept aside)")

    def _try_to_store_log(self, source: Source) -> None:
        try:
            archive.store_up_to_now(self.repository, source)
        except (OSError, BackupFailed) as fault:
            self.say(f"the log of the last minutes could not be stored ({fault}): those moments cannot be gone to")

    @contextmanager
    def _alone_with_data(self, location: DataLocation) -> Iterator[None]:
        """Keep the server from being started by anybody; BackupFailed when somebody uses it."""
        use = open_lock(ServerFiles(self.data, "postgres").use_lock)
        data = open_lock(location.path)
        try:
            if not lock_within(use, 15) or not lock_within(data, 15):
                raise BackupFailed("another command uses the database of this data folder: end it first")
            yield
        finally:
            fcntl.flock(use, fcntl.LOCK_UN)
            os.close(use)
            os.close(data)


def put_in_place(place: DataLocation, location: DataLocation) -> Path | None:
    """Move the restored data into its place; killed in between, the next start does the last step (postgres.py)."""
    present, ready = location.path / "data", location.path / RESTORED
    aside = location.path / f"data.before-{clock.now():%Y%m%dT%H%M%SZ}"
    shutil.rmtree(ready, ignore_errors=True)
    (place.path / "data").rename(ready)
    existed = present.exists()
    if existed:
        present.rename(aside)
    ready.rename(present)
    # Log of the old server that could not be stored may be nowhere else: it stays with that server's data.
    for path in (location.path / KEPT_WAL).glob("*"):
        if existed:
            (aside / LEFT_LOG).mkdir(exist_ok=True)
            path.rename(aside / LEFT_LOG / path.name)
        else:
            path.unlink()
    return aside if existed else None


def _last_commit(server: Source) -> datetime | None:
    """Return when the last transaction of the log that was replayed was committed; None when there was none."""
    with server.connect() as connection:
        row = connection.execute("SELECT pg_last_xact_replay_timestamp()").fetchone()
    return row[0] if row else None
