"""Which backups are kept."""

from datetime import UTC, datetime, timedelta

from falconbus.platform.backups.manifest import DUMP, FULL, INCREMENTAL, Manifest
from falconbus.platform.backups.retention import Rule, kept

NOW = datetime(2026, 12, 1, 3, tzinfo=UTC)
RULE = Rule(daily=7, weekly=4, monthly=12, wal_days=400)


def _backup(moment: datetime, kind: str = FULL, parent: str | None = None) -> Manifest:
    return Manifest(
        name=f"{moment:%Y%m%dT%H%M%SZ}-{kind}", kind=kind, why="", begun_at=moment, moment=moment, seconds=1,
        release="r", migration="0001", server="18", database_bytes=1, files=[], parent=parent,
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
