"""A backup's files, put together to a data folder again."""

import os
import shutil
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, cast

from falconbus.platform.backups import base_backup, sealing
from falconbus.platform.backups.errors import BackupFailed, Damaged
from falconbus.platform.backups.manifest import Manifest
from falconbus.platform.backups.progress import Progress, Say, size_in_words
from falconbus.platform.backups.repository import Repository
from falconbus.platform.runtime.data_location import DataLocation, give_to, make_private
from falconbus.platform.runtime.postgres import Postgres

_PIECE = 1 << 20


def check_files(repository: Repository, backup: Manifest) -> None:
    """Compare each stored file with the manifest; Damaged names the first that is not as it was written."""
    for file in backup.files:
        path = repository.folder(backup.name) / file.name
        if not path.exists():
            raise Damaged(f"{path} is missing")
        if path.stat().st_size != file.size:
            raise Damaged(f"{path} has {path.stat().st_size:,} bytes instead of {file.size:,}")
        if sealing.checksum(path) != file.sha256:
            raise Damaged(f"{path} is damaged")


def check_space(folder: Path, needed: int) -> None:
    """Refuse to begin what cannot end; BackupFailed."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupFailed(f"{folder} has {size_in_words(free)} free, and {size_in_words(needed)} are needed")


def unpack(repository: Repository, chain: Sequence[Manifest], location: DataLocation, say: Say) -> None:
    """Make the data folder `data` in a location: of a full backup, or of a full and an incremental one."""
    check_space(location.path, chain[-1].database_bytes * (len(chain) + 1))
    parts = []
    for number, backup in enumerate(chain):
        part = make_private(location.path / f"part{number}", location.user)
        _extract(repository, backup, part, location, say)
        parts.append(part)
    data = location.path / "data"
    if len(parts) == 1:
        parts[0].rename(data)
        return
    postgres = Postgres(location, {})
    postgres.find_programs()
    postgres.call(["pg_combinebackup", "--link", "--no-sync", "--output", str(data), *map(str, parts)])
    for part in parts:
        shutil.rmtree(part)


def _extract(repository: Repository, backup: Manifest, folder: Path, location: DataLocation, say: Say) -> None:
    name = base_backup.FILES
    content = repository.read(repository.folder(backup.name) / name, f"{backup.name}/{name}")
    progress = Progress(say, f"unpacking {backup.name}", backup.database_bytes)
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", _Joined(content)), mode="r|", bufsize=_PIECE) as tar:
            for member in tar:
                target = folder / member.name
                if member.name.startswith("/") or ".." in Path(member.name).parts:
                    raise Damaged(f"{backup.name} has a file outside its folder")
                if member.isdir():
                    target.mkdir(mode=0o700, parents=True, exist_ok=True)
                elif member.isfile():
                    with target.open("wb") as file, tar.extractfile(member) or file as packed:
                        shutil.copyfileobj(packed, file, _PIECE)
                    progress.add(member.size)
                else:
                    raise BackupFailed(f"{backup.name} has {member.name}, which is neither a file nor a folder")
                give_to(target, location.user)
    except tarfile.TarError:
        raise Damaged(f"{backup.name}/{name} is damaged") from None


class _Joined:
    """A file of pieces, for a tar's reader."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def read(self, size: int) -> bytes:
        parts, missing = [], size
        while missing:
            if not self._rest:
                self._rest = next(self._pieces, b"")
                if not self._rest:
                    break
            parts.append(self._rest[:missing])
            self._rest = self._rest[missing:]
            missing -= len(parts[-1])
        return b"".join(parts)


def write_log_file(content: Iterator[bytes], path: Path, location: DataLocation) -> None:
    """Write a file of the log where the server looks for it, with holes for what is empty: most of it is, at night."""
    with path.open("wb") as file:
        for piece in content:
            if piece.count(0) == len(piece):
                file.seek(len(piece), os.SEEK_CUR)
            else:
                file.write(piece)
        file.truncate(file.tell())
    give_to(path, location.user)
