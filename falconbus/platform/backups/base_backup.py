"""A copy of the embedded server's files, taken while it works, and the log that makes it whole."""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, cast

from falconbus.platform.backups import archive, figures, sealing
from falconbus.platform.backups.archive import Archive
from falconbus.platform.backups.errors import BackupFailed
from falconbus.platform.backups.manifest import Content, Log, Manifest
from falconbus.platform.backups.progress import Progress, Say
from falconbus.platform.backups.repository import Repository
from falconbus.platform.backups.sealing import StoredFile, Writer
from falconbus.platform.backups.source import Source

#: The server's files as a tar; PostgreSQL's own list of them, which an incremental backup is made against.
FILES, LIST = "files.tar.zst", "list.zst"
WAL = "wal"
_PIECE = 1 << 18


@dataclass(frozen=True)
class BaseBackup:
    """One base backup on its way into its folder."""

    source: Source
    repository: Repository
    folder: Path
    system: str
    say: Say

    def copy(self, parent: Manifest | None, expected: int) -> Content:
        """Copy the files, or what of them has changed since `parent`; then count what there was at a moment after."""
        kept = self.source.kept_wal
        if kept is None:
            raise BackupFailed("only the embedded server's files can be copied")
        gap, log = archive.note_of_gap(self.source), Archive(self.repository, self.system)
        log.keep_histories(self.source)
        # Where too much waits, what is written from here on would be dropped.
        log.take_in(kept)
        files, first = self._copy_files(parent, expected)
        counted_from = parent.next_transaction if parent else 0
        with figures.mark_moment(self.source, self.folder.name) as moment:
            with self.source.connect() as connection:
                connection.execute("SELECT pg_switch_wal()")
            log.wait_for(moment.log_file, kept)
            tables = figures.count(moment.reader, counted_from) if moment.reader else None
        files += self._keep_log(log, first, moment.log_file)
        if gap:
            gap.unlink(missing_ok=True)
        return Content(
            files=files, moment=moment.at, tables=tables, log=Log(self.system, first, moment.log_file, moment.point),
            next_transaction=moment.next_transaction, counted_from=counted_from,
        )  # fmt: skip

    def _copy_files(self, parent: Manifest | None, expected: int) -> tuple[list[StoredFile], str]:
        """Return what was stored, and the log file from which on the copy needs the log."""
        options = ["--pgdata=-", "--format=tar", "--wal-method=none", "--checkpoint=fast"]
        progress = Progress(self.say, self.folder.name, expected)
        with self._list_of(parent) as known, self._writer(FILES) as writer:
            options += [f"--label={self.folder.name}", *([f"--incremental={known}"] if known else [])]
            with self.source.program("pg_basebackup", *options).output() as output:
                label, servers_list = _read_tar(_Tee(output, writer, progress))
            stored = writer.finish()
        with self._writer(LIST) as writer:
            writer.write(servers_list)
            return [stored, writer.finish()], _first_log_file(label)

    @contextmanager
    def _list_of(self, parent: Manifest | None) -> Iterator[Path | None]:
        """Provide the list of a parent's files, as PostgreSQL wants it."""
        if parent is None:
            yield None
            return
        path = self.repository.folder(parent.name) / LIST
        with NamedTemporaryFile(dir=self.repository.run, prefix="list-") as file:
            for piece in self.repository.read(path, f"{parent.name}/{LIST}"):
                file.write(piece)
            file.flush()
            yield Path(file.name)

    @contextmanager
    def _writer(self, name: str) -> Iterator[Writer]:
        writer = Writer(self.folder / name, self.repository.secret, f"{self.folder.name}/{name}")
        try:
            yield writer
        finally:
            writer.close()

    def _keep_log(self, log: Archive, first: str, last: str) -> list[StoredFile]:
        """Keep the log from the copy's begin to its moment beside it, so that it needs nothing else."""
        own = self.folder / WAL
        own.mkdir(mode=0o700)
        wanted = range(archive.position(first), archive.position(last) + 1)
        kept = []
        for name in log.segments():
            if archive.position(name) in wanted and name[:8] == last[:8]:
                target = own / log.path(name).name
                archive.copy_or_link(log.path(name), target)
                kept.append(StoredFile(f"{WAL}/{target.name}", target.stat().st_size, sealing.checksum(target)))
        if len(kept) != len(wanted):
            raise BackupFailed("some of the log was not kept while this backup was taken, as too much of it waited")
        return kept


class _Tee:
    """What a tar's reader reads goes into a stored file, too."""

    def __init__(self, source: IO[bytes], writer: Writer, progress: Progress) -> None:
        self._source, self._writer, self._progress = source, writer, progress

    def read(self, size: int) -> bytes:
        data = self._source.read(size)
        self._writer.write(data)
        self._progress.add(len(data))
        return data


def _read_tar(tee: _Tee) -> tuple[str, bytes]:
    """Read a tar to its end; return the label and the list of files that PostgreSQL put into it."""
    label, servers_list = "", b""
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", tee), mode="r|", bufsize=_PIECE) as tar:
            for member in tar:
                if member.name in {"backup_label", "backup_manifest"}:
                    file = tar.extractfile(member)
                    content = file.read() if file else b""
                    if member.name == "backup_label":
                        label = content.decode()
                    else:
                        servers_list = content
    except tarfile.TarError:
        # Cut short: the program has failed, and its complaint is told.
        return "", b""
    while tee.read(_PIECE):
        pass
    return label, servers_list


def _first_log_file(label: str) -> str:
    """Return the log file named in a label: `START WAL LOCATION: 0/2000028 (file 000000010000000000000002)`."""
    for line in label.splitlines():
        if line.startswith("START WAL LOCATION:"):
            return line.rpartition("file ")[2].rstrip(")")
    raise BackupFailed("pg_basebackup sent no label")
