"""How it stands with the backups, and what is wrong."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from falconbus.platform.backups import archive
from falconbus.platform.backups.archive import Archive
from falconbus.platform.backups.manifest import Manifest
from falconbus.platform.backups.repository import Repository
from falconbus.platform.backups.source import Source
from falconbus.platform.kit import clock

#: A night's backup may take, and be tried again for, two hours more than a day.
OLDEST = timedelta(hours=26)
_LONGEST_WAIT = timedelta(minutes=10)


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`trouble` and `caution` are empty when all is well. Each moment since `any_moment_since` can be restored."""

    at: datetime
    number: int
    last: str | None
    last_at: datetime | None
    last_bytes: int
    last_seconds: float
    last_verified_at: datetime | None
    first_at: datetime | None
    any_moment_since: datetime | None
    trouble: str
    caution: str = ""

    def trouble_at(self, now: datetime) -> str:
        """Return what is wrong by now: nobody may have looked since."""
        if not self.trouble and self.last_at is not None and now - self.last_at > OLDEST:
            return f"the last good backup is {(now - self.last_at).total_seconds() / 3600:.0f} hours old"
        return self.trouble


def find_status(
    source: Source, repository: Repository, failure: Path, *, is_new: bool, log_fault: str = "", caution: str = ""
) -> Status:
    """Look at the backups; a system that `is_new` has none yet. OSError when the folder cannot be read."""
    backups = repository.complete_of(source.owner)
    last = max(backups, key=lambda each: each.moment, default=None)
    verified = [found.at for each in backups if (found := repository.verified(each.name))]
    now = clock.now()
    status = Status(
        at=now,
        number=len(backups),
        last=last.name if last else None,
        last_at=last.moment if last else None,
        last_bytes=last.size if last else 0,
        last_seconds=last.seconds if last else 0,
        last_verified_at=max(verified, default=None),
        first_at=min((each.moment for each in backups), default=None),
        any_moment_since=_any_moment_since(repository, backups),
        trouble=read_failure(failure) or log_fault or _log_trouble(source) or _absence(last, is_new=is_new),
        caution=caution,
    )
    return msgspec.structs.replace(status, trouble=status.trouble_at(now))


def unknown(trouble: str) -> Status:
    """Return how it stands when the backups cannot be looked at."""
    return Status(
        at=clock.now(), number=0, last=None, last_at=None, last_bytes=0, last_seconds=0, last_verified_at=None,
        first_at=None, any_moment_since=None, trouble=trouble,
    )  # fmt: skip


def note_failure(path: Path, words: str) -> None:
    """Note why the last backup failed."""
    path.write_text(json.dumps({"at": clock.now().isoformat(), "words": words}))


def forget_failure(path: Path) -> None:
    """Note that the last backup did not fail."""
    path.unlink(missing_ok=True)


def read_failure(path: Path) -> str:
    """Return why the last backup failed; empty when it did not."""
    try:
        return f"the last backup failed: {json.loads(path.read_text())['words']}"
    except (OSError, ValueError, KeyError):
        return ""


def _absence(last: Manifest | None, *, is_new: bool) -> str:
    return "" if last or is_new else "there is no backup"


def _log_trouble(source: Source) -> str:
    """Return what is wrong with the log that the embedded server puts aside."""
    if source.kept_wal is None or not source.kept_wal.exists():
        return ""
    if archive.note_of_gap(source):
        return "too much log waited, and some was not kept: until the next backup no moment can be restored"
    oldest = min((path.stat().st_mtime for path in source.kept_wal.iterdir()), default=None)
    if oldest is not None and clock.now().timestamp() - oldest > _LONGEST_WAIT.total_seconds():
        return "the log of the last minutes waits to be stored: is a worker alive, can BACKUP_DIR be written?"
    return ""


def _any_moment_since(repository: Repository, backups: list[Manifest]) -> datetime | None:
    """Return the moment of the first backup from which on the log of the newest one's server has no gap."""
    bases = sorted((each for each in backups if each.log), key=lambda each: each.moment)
    newest = bases[-1].log if bases else None
    if newest is None:
        return None
    since = archive.reachable_since(Archive(repository, newest.system).segments())
    moments = [
        each.moment
        for each in bases
        if each.log and each.log.system == newest.system and archive.position(each.log.last) >= since - 1
    ]
    return min(moments, default=None)
