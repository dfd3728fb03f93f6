"""Which backups are kept: the newest of each of so many days, weeks and months."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from falconbus.platform.backups.archive import Archive, position
from falconbus.platform.backups.manifest import DUMP, Manifest
from falconbus.platform.backups.repository import COPYING, Repository
from falconbus.platform.kit import clock

#: Whatever the rule: several of one day may each be before a migration.
_ALWAYS = timedelta(days=2)


@dataclass(frozen=True)
class Rule:
    """How many days, weeks and months have a backup kept, and for how many days every moment can be restored."""

    daily: int
    weekly: int
    monthly: int
    wal_days: int


def kept(backups: Sequence[Manifest], rule: Rule, now: datetime) -> set[str]:
    """Return the names of those to keep, of base backups and dumps each for themselves, with what they add to."""
    names = {each.name for each in backups if each.moment > now - _ALWAYS}
    for series in (
        [each for each in backups if each.kind != DUMP],
        [each for each in backups if each.kind == DUMP],
    ):
        names |= _newest_of_each(series, rule.daily, lambda moment: (moment.year, moment.month, moment.day))
        names |= _newest_of_each(series, rule.weekly, lambda moment: tuple(moment.isocalendar())[:2])
        names |= _newest_of_each(series, rule.monthly, lambda moment: (moment.year, moment.month))
    return names | {each.parent for each in backups if each.name in names and each.parent}


def prune(repository: Repository, verified: Manifest, rule: Rule) -> list[str]:
    """Remove what the rule does not keep and is older than one just verified; return the names."""
    with repository.alone("removing old backups", COPYING):
        backups = repository.complete_of(verified.owner)
        stay = kept(backups, rule, clock.now())
        gone = [each.name for each in backups if each.name not in stay and each.moment < verified.moment]
        # What adds to another first, so that none is left without it.
        for name in sorted(gone, key=lambda name: name.endswith("full")):
            repository.remove(name)
        _trim_log(repository, [each for each in backups if each.name not in gone], rule)
    return gone


def _trim_log(repository: Repository, backups: Iterable[Manifest], rule: Rule) -> None:
    """Remove the log that no kept backup goes on from, and that of more days ago than the rule says."""
    since = clock.now() - timedelta(days=rule.wal_days)
    for system in {each.log.system for each in backups if each.log}:
        logs = [(each.moment, each.log.first) for each in backups if each.log and each.log.system == system]
        recent = [first for moment, first in logs if moment >= since] or [max(logs)[1]]
        Archive(repository, system).remove_before(min(recent, key=position))


def _newest_of_each(
    backups: Iterable[Manifest], number: int, period: Callable[[datetime], tuple[int, ...]]
) -> set[str]:
    newest: dict[tuple[int, ...], str] = {}
    for each in sorted(backups, key=lambda each: each.moment, reverse=True):
        newest.setdefault(period(each.moment), each.name)
    return set(list(newest.values())[:number])
