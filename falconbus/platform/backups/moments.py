"""Which backup, and which files of the log, lead to a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from falconbus.platform.backups.archive import SEGMENT_BYTES, Archive, History, position, timeline
from falconbus.platform.backups.errors import BackupFailed
from falconbus.platform.backups.manifest import Log, Manifest
from falconbus.platform.backups.repository import Repository
from falconbus.platform.kit import clock


@dataclass(frozen=True)
class Target:
    """Where to stop: at the backup's own moment, `at` a moment after it, or at the `latest` one in the log."""

    at: datetime | None = None
    latest: bool = False

    @property
    def is_own(self) -> bool:
        return self.at is None and not self.latest


def choose(repository: Repository, name: str | None, target: Target, owner: str | None) -> Manifest:
    """Return the backup to begin with: the one of that name, or the owner's last before the moment; BackupFailed.

    Where there is no database yet (no `owner`) and the folder has backups of a single one, it is that one's.
    """
    if target.at is not None and target.at > clock.now():
        raise BackupFailed(f"{_words(target.at)} is in the future")
    if name is not None:
        backup = repository.get(name)
        if not target.is_own and backup.log is None:
            raise BackupFailed(f"{name} is a dump: it can be restored as it is, to no other moment")
        if target.at is not None and target.at < backup.moment:
            raise BackupFailed(f"{name} is of {_words(backup.moment)}, later than that: name an earlier one")
        return backup
    every = [each for each in repository.complete() if each.log]
    owners = {each.owner for each in every}
    bases = [each for each in every if each.owner == owner or (owner is None and len(owners) == 1)]
    if not bases and every:
        raise BackupFailed(
            f"the base backups in {repository.root} are of {'another database' if owner else 'several databases'}:"
            " name the one to begin with (`backup list` says whose each is), with --to as you wish"
        )
    if not bases:
        raise BackupFailed(f"there is no base backup in {repository.root} that can be used")
    before = [each for each in bases if target.at is None or each.moment <= target.at]
    if not before:
        raise BackupFailed(f"the first moment that can be restored is {_words(bases[0].moment)}")
    return max(before, key=lambda each: each.moment)


@dataclass(frozen=True)
class Route:
    """The timeline to follow, and the log's files."""

    timeline: int
    files: Sequence[str]

    @property
    def has_gap(self) -> bool:
        positions = {position(name) for name in self.files}
        return bool(positions) and len(positions) <= max(positions) - min(positions)


def find_route(archive: Archive, backup: Manifest, log: Log, target: Target, histories: Mapping[int, History]) -> Route:
    """Return the way from a backup to a moment after it: along the life of the database in which it was, or the newest.

    A life ends where the next one that goes through the backup was restored, whatever it goes back to.
    """
    own, end = timeline(log.last), position(log.last)
    lives = {own: {own}}
    for number, history in histories.items():
        forks = _forks(history.text)
        if forks.get(own, -1) >= end and (target.at is None or history.since <= target.at):
            lives[number] = {number, *(each for each in forks if each >= own)}
    newest = max(lives)
    until = _bound(archive.repository, backup, target, lives[newest])
    files = [
        name
        for name in archive.segments()
        if timeline(name) in lives[newest] and position(log.first) <= position(name) <= until
    ]
    return Route(newest, files)


def _bound(repository: Repository, backup: Manifest, target: Target, lives: set[int]) -> float:
    """Return the last position that can matter: no later than the first backup after the moment."""
    if target.at is None:
        return float("inf")
    later = [
        position(each.log.last)
        for each in repository.complete_of(backup.owner)
        if each.log
        and timeline(each.log.last) in lives and each.moment > target.at
    ]  # fmt: skip
    return min(later, default=float("inf"))


def _forks(history: str) -> dict[int, int]:
    """Return where each earlier timeline was left: lines of `1<tab>0/5000000<tab>reason`."""
    found = {}
    for line in history.splitlines():
        fields = line.split()
        if len(fields) >= 2 and fields[0].isdigit():
            high, _, low = fields[1].partition("/")
            found[int(fields[0])] = ((int(high, 16) << 32) + int(low, 16)) // SEGMENT_BYTES
    return found


def _words(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
