"""What is known of a backup: one file beside its data, written last, so that a backup without one is none."""

import hashlib
import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from falconbus.platform.backups.errors import BackupFailed, Damaged, Unsealed
from falconbus.platform.backups.sealing import StoredFile

FILE = "manifest.json"
NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z-(full|incremental|dump)")
FULL, INCREMENTAL, DUMP = "full", "incremental", "dump"
_FORMAT = 1
# Each becomes a part of a path, or of a command: what has another form is refused when the manifest is read.
_Name = Annotated[str, msgspec.Meta(pattern=rf"\A{NAME.pattern}\Z")]
_System = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,20}\Z")]
_LogFile = Annotated[str, msgspec.Meta(pattern=r"\A[0-9A-F]{24}\Z")]
_Point = Annotated[str, msgspec.Meta(pattern=r"\A[0-9A-Za-z.-]{1,63}\Z")]


class Table(msgspec.Struct, frozen=True):
    """The rows of a table, and the sum of the hashes of those that count (see figures.py)."""

    rows: int
    checksum: str


class Log(msgspec.Struct, frozen=True):
    """The write-ahead log that a backup needs: its server, the first and last file, and the point to stop at."""

    system: _System
    first: _LogFile
    last: _LogFile
    point: _Point


@dataclass(frozen=True, kw_only=True)
class Content:
    """What was taken; Manifest says what each is."""

    files: list[StoredFile]
    moment: datetime
    tables: dict[str, Table] | None
    log: Log | None = None
    next_transaction: int = 0
    counted_from: int = 0


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A backup. `moment` is what it restores to; `parent` is the full one that an incremental one adds to."""

    name: _Name
    #: Of which database it is: see Source.owner.
    owner: str
    kind: str
    why: str
    begun_at: datetime
    moment: datetime
    seconds: float
    release: str
    migration: str
    server: str
    database_bytes: int
    files: list[StoredFile]
    #: The name of the SECRET_KEY of then; see signing.py.
    signs_with: str
    #: The key's name when encrypted; see sealing.key_name.
    key: str = ""
    parent: _Name | None = None
    log: Log | None = None
    #: The transaction from which on rows count in the checksums of an incremental one that adds to this.
    next_transaction: int = 0
    #: Counted from that transaction on; 0: all rows.
    counted_from: int = 0
    #: None: the database was never still for a moment, so that nothing could be counted.
    tables: dict[str, Table] | None = None

    @property
    def size(self) -> int:
        """Its bytes on the disk."""
        return sum(file.size for file in self.files)

    @property
    def rows(self) -> int | None:
        return None if self.tables is None else sum(table.rows for table in self.tables.values())


class _Sealed(msgspec.Struct):
    format: int
    manifest: msgspec.Raw
    seal: str


def write(folder: Path, manifest: Manifest, secret: str | None) -> None:
    """Write the manifest as one step, which makes the folder a backup."""
    body = msgspec.json.encode(manifest)
    sealed = msgspec.json.encode(_Sealed(_FORMAT, msgspec.Raw(body), _seal(body, secret if manifest.key else None)))
    unfinished = folder / f"{FILE}.new"
    with unfinished.open("wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / FILE)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(folder: Path, secret: str | None, *, takes_unsealed: bool = False) -> Manifest:
    """Return the manifest of a backup; Damaged when it was changed, or is no manifest of ours.

    With a key only one that was sealed with it is taken, else Unsealed, unless `takes_unsealed`.
    """
    path = folder / FILE
    try:
        sealed = msgspec.json.decode(path.read_bytes(), type=_Sealed)
        if sealed.format > _FORMAT:
            raise BackupFailed(f"{folder.name} was made by a newer release than this one: use that release")
        manifest = msgspec.json.decode(sealed.manifest, type=Manifest)
    except FileNotFoundError:
        raise BackupFailed(f"there is no backup {folder.name} in {folder.parent}; `backup list` names them") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Damaged(f"{path} is damaged, or no manifest of a backup of ours") from None
    if secret and not manifest.key and not takes_unsealed:
        raise Unsealed(folder.name)
    # Without the key the seal cannot be told; the files cannot be read either.
    if (secret or not manifest.key) and sealed.seal != _seal(bytes(sealed.manifest), secret if manifest.key else None):
        raise Damaged(f"{path} is damaged" + (", or sealed with another BACKUP_KEY" if manifest.key else ""))
    if manifest.name != folder.name:
        raise Damaged(f"{path} is the manifest of {manifest.name}")
    return manifest


def _seal(body: bytes, secret: str | None) -> str:
    key = hashlib.blake2b(secret.encode(), digest_size=32, person=b"falconbus seal").digest() if secret else b""
    return hashlib.blake2b(body, key=key, digest_size=32).hexdigest()
