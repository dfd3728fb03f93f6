"""Which backups are kept."""

import shutil
from datetime import UTC, datetime, timedelta

import msgspec

from falconbus.platform.backups import manifest
from falconbus.platform.backups.archive import Archive
from falconbus.platform.backups.manifest import DUMP, FULL, INCREMENTAL, Manifest
from falconbus.platform.backups.retention import Rule, kept, prune
from tests.platform.backups.line import Line

NOW = datetime(2026, 12, 1, 3, tzinfo=UTC)
OWNER = "7/falconbus"
RULE = Rule(daily=7, weekly=4, monthly=12, wal_days=400)


def _backup(moment: datetime, kind: str = FULL, parent: str | None = None) -> Manifest:
    return Manifest(
        name=f"{moment:%Y%m%dT%H%M%SZ}-{kind}", owner=OWNER, signs_with="", kind=kind, why="", begun_at=moment,
        moment=moment, seconds=1, release="r", migration="0001", server="18", database_bytes=1, files=[], parent=parent,
    )  # fmt: skip


def _nights(number: int) -> list[Manifest]:
    return [_backup(NOW - timedelta(days=days)) for days in reversed(range(number))]


def test_of_two_years_of_nights_seven_days_four_weeks_and_twelve_months_stay() -> None:
    stay = sorted(kept(_nights(730), RULE, NOW))
    days = [f"202611{day}" for day in (25, 26, 27, 28, 29, 30)] + ["20261201"]
    assert [name[:8] for name in stay if name >= "20261125"] == days
    # Sundays end a week; the last day of a month stands for it.
    assert [name[:8] for name in stay if "20261101" <= name < "20261125"] == ["20261115", "20261122"]
    assert [name[:8] for name in stay if name < "20261101"] == [
        "20260131", "20260228", "20260331", "20260430", "20260531", "20260630", "20260731", "20260831", "20260930",
        "20261031",
    ]  # fmt: skip


def test_a_full_backup_stays_for_what_adds_to_it() -> None:
    full = _backup(NOW - timedelta(days=9))
    nights = [_backup(NOW - timedelta(days=days), INCREMENTAL, full.name) for days in (3, 2)]
    assert full.name in kept([full, *nights], Rule(1, 0, 0, 400), NOW)


def test_dumps_and_base_backups_do_not_stand_for_each_other() -> None:
    base, dump = _backup(NOW - timedelta(days=5)), _backup(NOW - timedelta(days=4), DUMP)
    assert kept([base, dump], Rule(1, 0, 0, 400), NOW) == {base.name, dump.name}


def test_several_of_the_last_two_days_stay() -> None:
    today = [_backup(NOW - timedelta(hours=hours)) for hours in (3, 2, 1)]
    assert len(kept(today, Rule(1, 0, 0, 400), NOW)) == 3


def test_a_folder_is_pruned_of_what_the_rule_does_not_keep_and_of_nothing_else(copied: Line) -> None:
    repository = copied.plan(BACKUP_KEY="k" * 32).repository
    full = next(each for each in repository.complete() if each.kind == FULL)
    assert full.log is not None
    for days, owner in ((30, full.owner), (29, "1/falconbus"), (20, full.owner), (10, full.owner)):
        at = full.moment - timedelta(days=days)
        name = f"{at:%Y%m%dT%H%M%SZ}-full"
        shutil.copytree(repository.folder(full.name), repository.folder(name))
        old = msgspec.structs.replace(full, name=name, moment=at, begun_at=at, owner=owner)
        manifest.write(repository.folder(name), old, repository.secret)
    log = Archive(repository, full.log.system)
    before = log.path(f"{full.log.first[:16]}{0:08X}")
    before.touch()
    names = [each.name for each in repository.complete()]
    gone = prune(repository, full, Rule(2, 0, 0, 400))
    assert gone == [names[0], names[2]]
    assert [each.name for each in repository.complete()] == [names[1], *names[3:]]
    assert not any(repository.folder(name).exists() for name in gone)
    assert (before.exists(), log.path(full.log.first).exists()) == (False, True)
    # What was not verified makes nothing go.
    assert prune(repository, repository.get(names[3]), Rule(1, 0, 0, 400)) == []
