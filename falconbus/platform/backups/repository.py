"""The folder of backups: each in a folder of its own, and the write-ahead log beside them."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import msgspec

from falconbus.platform.backups import manifest as manifests
from falconbus.platform.backups import sealing
from falconbus.platform.backups.errors import BackupFailed, Damaged, Unsealed
from falconbus.platform.backups.manifest import INCREMENTAL, NAME, Manifest
from falconbus.platform.kit import clock
from falconbus.platform.runtime.locks import open_lock, try_lock

#: Beside a manifest: when it was verified, and, from the first moment on, whose backup it is going to be.
_VERIFIED, _OWNER = "verified.json", "owner"
#: The locks of who writes backups, and of who makes a copy of one.
TAKING, COPYING = "backup", "copy"


class Verified(msgspec.Struct, frozen=True):
    """When a backup was last restored into a server of its own and found whole, and how long that took."""

    at: datetime
    seconds: float


@dataclass(frozen=True)
class Repository:
    """BACKUP_DIR, the key, and the folder of this machine's lock (some buckets know no locks).

    Several machines may share it: each looks after what is of its own database, by the manifests' `owner`.
    """

    root: Path
    secret: str | None
    run: Path
    #: Though there is a key, what was stored before it was set is read, too.
    takes_unsealed: bool = False

    def folder(self, name: str) -> Path:
        """Return the folder of a backup; BackupFailed for what can be the name of none."""
        if not NAME.fullmatch(name):
            raise BackupFailed(f"{name} is no name of a backup; `backup list` names them")
        return self.root / name

    def get(self, name: str) -> Manifest:
        """Return a backup; BackupFailed when there is none of that name, Damaged."""
        return manifests.read(self.folder(name), self.secret, takes_unsealed=self.takes_unsealed)

    def read(self, path: Path, label: str) -> Iterator[bytes]:
        """Yield the content of a stored file; Damaged, Unsealed."""
        return sealing.read(path, self.secret, label, takes_unsealed=self.takes_unsealed)

    def complete(self) -> list[Manifest]:
        """Return the backups that can be read, the oldest first."""
        return [each for each in self.entries() if isinstance(each, Manifest)]

    def complete_of(self, owner: str) -> list[Manifest]:
        """Return the backups of one database that can be read, the oldest first."""
        return [each for each in self.complete() if each.owner == owner]

    def entries(self) -> list[Manifest | BackupFailed]:
        """Return every backup, the oldest first; one that is damaged, or not sealed, as that fault."""
        found: list[Manifest | BackupFailed] = []
        for folder in self._folders():
            try:
                found.append(self.get(folder.name))
            except (Damaged, Unsealed) as fault:
                found.append(fault)
            except BackupFailed:
                # Cut short, or of a newer release; asked for by name, it is told.
                continue
        return found

    def verified(self, name: str) -> Verified | None:
        """Return when a backup was found whole; None: not yet."""
        try:
            return msgspec.json.decode((self.folder(name) / _VERIFIED).read_bytes(), type=Verified)
        except (OSError, msgspec.DecodeError):
            return None

    def note_verified(self, name: str, seconds: float) -> None:
        """Note that a backup was found whole just now."""
        (self.folder(name) / _VERIFIED).write_bytes(msgspec.json.encode(Verified(clock.now(), round(seconds, 1))))

    def begin(self, kind: str, owner: str) -> Path:
        """Make the folder of a new backup, and remove what of the same owner's was cut short before it."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in self._folders():
            if not (folder / manifests.FILE).exists() and _is_begun_by(folder, owner):
                shutil.rmtree(folder)
        for seconds in count():
            folder = self.root / f"{clock.now() + timedelta(seconds=seconds):%Y%m%dT%H%M%SZ}-{kind}"
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                break
        (folder / _OWNER).write_text(owner)
        return folder

    def remove(self, name: str) -> None:
        """Remove a backup: its manifest first, so that half of one is never taken for one."""
        folder = self.folder(name)
        (folder / manifests.FILE).unlink(missing_ok=True)
        shutil.rmtree(folder)

    def chain(self, backup: Manifest) -> list[Manifest]:
        """Return the backup and, before it, the full one that it adds to."""
        if backup.kind != INCREMENTAL or backup.parent is None:
            return [backup]
        try:
            return [self.get(backup.parent), backup]
        except BackupFailed as fault:
            raise BackupFailed(f"{backup.name} adds to a full backup that cannot be used: {fault}") from None

    @contextmanager
    def alone(self, work: str, lock_name: str = TAKING) -> Iterator[None]:
        """Hold off others of this machine; BackupFailed says who is at it."""
        path = self.run / f"{lock_name}.lock"
        lock = open_lock(path)
        try:
            if not try_lock(lock):
                raise BackupFailed(f"another backup command is at work: {path.read_text().strip() or 'it just began'}")
            path.write_text(f"{work}, process {os.getpid()}")
            yield
            path.write_text("")
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
            os.close(lock)

    def _folders(self) -> list[Path]:
        if not self.root.is_dir():
            return []
        return sorted(path for path in self.root.iterdir() if NAME.fullmatch(path.name) and path.is_dir())


def _is_begun_by(folder: Path, owner: str) -> bool:
    try:
        return (folder / _OWNER).read_text() == owner
    except OSError:
        return False
