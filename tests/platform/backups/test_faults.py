"""What is wrong is one line, and nothing that was there before is lost."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from falconbus.platform.backups import manifest
from falconbus.platform.backups.errors import BackupFailed
from falconbus.platform.backups.manifest import Manifest
from falconbus.platform.backups.moments import Target
from falconbus.platform.backups.restoring import Restoring
from falconbus.platform.kit import clock
from tests.platform.backups.line import Line, sql

EXAMPLE = "2026-12-01T14:30:00+02:00"
KEY = {"BACKUP_KEY": "k" * 32}


def _named(line: Line, kind: str) -> Manifest:
    return next(each for each in line.plan(**KEY).repository.complete() if each.kind == kind)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "said"),
    [(_cut, "bytes instead of"), (_change, "is damaged"), (Path.unlink, "is missing")],
    ids=["cut", "changed", "gone"],
)
@pytest.mark.parametrize("file", ["files.tar.zst", "wal"])
def test_a_damaged_file_is_named(copied: Line, file: str, damage: Callable[[Path], None], said: str) -> None:
    backup = _named(copied, "full")
    path = copied.backups / backup.name / file
    path = next(path.iterdir()) if path.is_dir() else path
    damage(path)
    with pytest.raises(BackupFailed, match=said) as told:
        copied.plan(**KEY).verify(backup.name, print)
    assert str(path) in str(told.value)
    with pytest.raises(BackupFailed, match=said):
        Restoring(copied.plan().data, copied.plan(**KEY).repository, print).restore(
            backup.name, Target(), overwrite=False
        )
    assert not (copied.data.root / "postgres" / "data").exists()


def test_what_is_encrypted_needs_its_key(copied: Line) -> None:
    backup = _named(copied, "full")
    with pytest.raises(BackupFailed, match="is encrypted: set BACKUP_KEY"):
        copied.plan().verify(backup.name, print)
    with pytest.raises(BackupFailed, match="another BACKUP_KEY"):
        copied.plan(BACKUP_KEY="x" * 32).verify(backup.name, print)
    stored = b"".join(path.read_bytes() for path in copied.backups.rglob("*") if path.is_file())
    assert b"PG_VERSION" not in stored
    assert b"k" * 32 not in stored


def test_a_changed_manifest_is_damaged_and_a_newer_one_says_so(copied: Line) -> None:
    folder = copied.backups / _named(copied, "full").name
    document = json.loads((folder / manifest.FILE).read_text())
    document["manifest"]["release"] = "another"
    (folder / manifest.FILE).write_text(json.dumps(document))
    with pytest.raises(BackupFailed, match="is damaged"):
        copied.plan(**KEY).repository.get(folder.name)
    document["format"] = 2
    (folder / manifest.FILE).write_text(json.dumps(document))
    with pytest.raises(BackupFailed, match="newer release"):
        copied.plan(**KEY).repository.get(folder.name)
    (folder / manifest.FILE).unlink()
    assert folder.name not in [each.name for each in copied.plan(**KEY).repository.complete()]


def test_a_name_or_moment_that_is_none_is_told(copied: Line) -> None:
    plan = copied.plan(**KEY)
    first = _named(copied, "full")
    restoring = Restoring(plan.data, plan.repository, print)
    for name, target, said in (
        ("../../etc", Target(), "is no name of a backup"),
        ("20200101T000000Z-full", Target(), "there is no backup"),
        (None, Target(at=first.moment - timedelta(days=1)), "the first moment that can be restored is"),
        (None, Target(at=clock.now() + timedelta(hours=1)), "is in the future"),
        (first.name, Target(at=first.moment - timedelta(days=1)), "name an earlier one"),
        (_named(copied, "dump").name, Target(latest=True), "is a dump"),
        (None, Target(at=clock.now()), "the kept log ends, or has a gap, before that moment"),
    ):
        with pytest.raises(BackupFailed, match=said):
            restoring.restore(name, target, overwrite=False)
    assert not (copied.data.root / "postgres" / "data").exists()
    for time in ("yesterday", "2026-13-01", "0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"):
        code, said, complained = copied.run("restore", "--to", time, **KEY)
        assert (code, said, complained) == (1, "", f"falcon: {time} is no moment such as {EXAMPLE}, and not `latest`\n")


def test_taking_tells_what_keeps_it_and_leaves_nothing(line: Line) -> None:
    with line.server() as plan:
        sql(plan, "CREATE TABLE sold AS SELECT 1 AS n")
        with plan.repository.alone("taking a backup"), pytest.raises(BackupFailed, match="another backup command"):
            line.take(plan)
        (line.data.root / "file").touch()
        with (
            line.server(BACKUP_DIR=str(line.data.root / "file")) as elsewhere,
            pytest.raises(BackupFailed, match="cannot use"),
        ):
            line.take(elsewhere)
        code, said, complained = line.run("create", BACKUP_DIR="/proc/backups")
        assert (code, said) == (1, "")
        assert complained.startswith("falcon: cannot use /proc/backups")
        assert complained.count("\n") == 1
        first = line.take(plan)
        # One that was cut short is none, and makes place for the next.
        cut = shutil.copytree(line.backups / first.name, line.backups / "20200101T000000Z-full")
        (cut / manifest.FILE).unlink()
        assert [each.name for each in plan.repository.complete()] == [first.name]
        line.take(plan)
        assert not cut.exists()


def test_a_restore_asks_before_it_replaces_and_leaves_a_running_up_alone(line: Line) -> None:
    with line.server() as plan:
        sql(plan, "CREATE TABLE sold AS SELECT 1 AS n")
        taken = line.take(plan)
        sql(plan, "INSERT INTO sold VALUES (2)")
        restoring = Restoring(plan.data, plan.repository, print)
        with pytest.raises(BackupFailed, match="say --overwrite"):
            restoring.restore(taken.name, Target(), overwrite=False)
        assert sql(plan, "SELECT count(*) FROM sold") == 2
