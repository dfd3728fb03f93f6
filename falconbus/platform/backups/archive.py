"""The write-ahead log in BACKUP_DIR: what lies between two backups, file by file."""

import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from falconbus.platform.backups import sealing
from falconbus.platform.backups.errors import BackupFailed, Unsealed
from falconbus.platform.backups.repository import Repository
from falconbus.platform.backups.source import Source
from falconbus.platform.runtime.locks import locked
from falconbus.platform.runtime.postgres import GAP

SEGMENT_BYTES = 16 * 1024 * 1024
_SEGMENT = re.compile(r"[0-9A-F]{24}")
_HISTORY = re.compile(r"[0-9A-F]{8}\.history")
#: What the server puts aside; notes of base backups among it are of no use.
_KNOWN = re.compile(r"[0-9A-F]{24}(\.partial)?|[0-9A-F]{8}\.history")
_SUFFIX = ".zst"


def position(segment: str) -> int:
    """Return the place of a log file in the log, whatever its timeline."""
    return int(segment[8:16], 16) * 256 + int(segment[16:24], 16)


def timeline(segment: str) -> int:
    """Return the timeline of a log file: each restore begins a new one."""
    return int(segment[:8], 16)


@dataclass(frozen=True)
class History:
    """How a timeline began: when its server had it, and, in PostgreSQL's text, where it left which other one."""

    since: datetime
    text: str


@dataclass(frozen=True)
class Archive:
    """The log of one server (`system`, by PostgreSQL's own identifier)."""

    repository: Repository
    system: str

    @property
    def folder(self) -> Path:
        return self.repository.root / "wal" / self.system

    def path(self, name: str) -> Path:
        """Return where a file of the log is stored."""
        return self.folder / f"{name}{_SUFFIX}"

    def label(self, name: str) -> str:
        """Return what is sealed into a file of the log."""
        return f"{self.system}/{name}"

    def read(self, name: str) -> Iterator[bytes]:
        """Yield the content of a file of the log; Damaged."""
        return self.repository.read(self.path(name), self.label(name))

    def names(self) -> list[str]:
        """Return the names of the files that are stored, in the log's order."""
        if not self.folder.is_dir():
            return []
        return sorted(path.name.removesuffix(_SUFFIX) for path in self.folder.glob(f"*{_SUFFIX}"))

    def segments(self) -> list[str]:
        """Return the whole files of the log, without notes of timelines."""
        return [name for name in self.names() if _SEGMENT.fullmatch(name)]

    def histories(self, *, all_readable: bool) -> dict[int, History]:
        """Return, by timeline, where it left which other one.

        One that cannot be read is empty, unless all must be: then BackupFailed.
        """
        found = {}
        for name in self.names():
            if _HISTORY.fullmatch(name):
                try:
                    begin, _, text = b"".join(self.read(name)).decode().partition("\n")
                    found[int(name[:8], 16)] = History(datetime.fromisoformat(begin), text)
                except BackupFailed:
                    if all_readable:
                        raise
                    found[int(name[:8], 16)] = History(datetime.max.replace(tzinfo=UTC), "")
        return found

    def keep_histories(self, source: Source) -> None:
        """Store what the server knows of its own timelines, which a folder that is new to it has not."""
        with source.connect() as connection:
            known = connection.execute(
                "SELECT name, pg_read_file('pg_wal/' || name), modification"
                " FROM pg_ls_waldir() WHERE name LIKE '%.history'"
            ).fetchall()
        with locked(self.repository.run / "wal.lock"):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name, content, begun_at in known:
                if _HISTORY.fullmatch(name):
                    self._store(name, content.encode(), begun_at)

    def take_in(self, kept: Path, *, seconds: float = float("inf")) -> None:
        """Store what the server has put aside, the oldest first; stop after so many seconds. OSError, BackupFailed."""
        if not any(kept.iterdir()):
            return
        deadline = time.monotonic() + seconds
        with locked(self.repository.run / "wal.lock"):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in sorted(kept.iterdir()):
                if _KNOWN.fullmatch(path.name):
                    content = path.read_bytes()
                    if _SEGMENT.fullmatch(path.name) and len(content) != SEGMENT_BYTES:
                        raise BackupFailed(f"{path} is cut short")
                    self._store(path.name, content, datetime.fromtimestamp(path.stat().st_mtime, UTC))
                if not path.name.startswith("."):
                    path.unlink()
                if time.monotonic() > deadline:
                    break

    def wait_for(self, name: str, kept: Path, seconds: float = 60) -> None:
        """Wait until the log up to that file is stored; BackupFailed when none comes for so many seconds."""
        deadline = time.monotonic() + seconds
        while not self.path(name).exists():
            if any(kept.iterdir()):
                self.take_in(kept)
                deadline = time.monotonic() + seconds
            if time.monotonic() > deadline:
                raise BackupFailed("PostgreSQL does not put its log aside; the end of logs/postgres.log may say why")
            time.sleep(0.02)

    def remove_before(self, first: str) -> None:
        """Remove the log that lies before a file; what tells of timelines stays."""
        for name in self.segments():
            if position(name) < position(first):
                self.path(name).unlink()

    def _store(self, name: str, content: bytes, written_at: datetime) -> None:
        """Store one file; one that is there already must be the same, or from before there was a key."""
        if _HISTORY.fullmatch(name):
            # When the timeline began; the file's own time does not survive a copy.
            content = written_at.astimezone(UTC).isoformat().encode() + b"\n" + content
        target = self.path(name)
        if target.exists():
            with suppress(Unsealed):
                if not _is_same(name, b"".join(self.read(name)), content):
                    raise BackupFailed(f"{target} is another file of the same name: does another server write there?")
                return
        self._write(name, content)

    def _write(self, name: str, content: bytes) -> None:
        target = self.path(name)
        unfinished = target.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        writer = sealing.Writer(unfinished, self.repository.secret, self.label(name))
        try:
            writer.write(content)
            writer.finish()
        finally:
            writer.close()
        unfinished.rename(target)


def store_up_to_now(repository: Repository, source: Source) -> None:
    """Store the embedded server's log up to now, if it is kept; BackupFailed, OSError."""
    kept = source.kept_wal
    with source.connect() as connection:
        row = connection.execute("SELECT current_setting('archive_mode') = 'on'").fetchone()
        if kept is None or not row or not row[0]:
            return
        log = Archive(repository, source.system)
        # Where too much waits, what comes now would be dropped.
        log.take_in(kept)
        # Something is committed after the present moment: the log says by it that the moment has passed.
        connection.execute("SELECT pg_current_xact_id()")
        row = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
    log.wait_for(row[0] if row else "", kept)


def _is_same(name: str, stored: bytes, content: bytes) -> bool:
    """Return whether two files of the log say the same; of a timeline's note but when it was stored."""
    if _HISTORY.fullmatch(name):
        return stored.partition(b"\n")[2] == content.partition(b"\n")[2]
    return stored == content


def note_of_gap(source: Source) -> Path | None:
    """Return the note that log was not kept because too much of it waited; None when all was."""
    if source.kept_wal is None:
        return None
    note = source.kept_wal.with_name(f"{source.kept_wal.name}.{GAP}")
    return note if note.exists() else None


def reachable_since(segments: Iterable[str]) -> int:
    """Return the first position from which on the log has no gap up to its end."""
    positions = sorted({position(segment) for segment in segments}, reverse=True)
    first = positions[0] if positions else 0
    for each in positions[1:]:
        if each < first - 1:
            break
        first = each
    return first


def copy_or_link(source: Path, target: Path) -> None:
    """Have the same file in two places, as a copy where the file system knows no links."""
    try:
        os.link(source, target)
    except OSError:
        target.write_bytes(source.read_bytes())
