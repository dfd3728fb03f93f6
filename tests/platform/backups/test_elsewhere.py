"""The machine is lost: what comes back on another one, and what is left of an attempt that fails."""

from pathlib import Path

import pytest

from falconbus.platform.backups import signing
from falconbus.platform.backups.manifest import DUMP, FULL, INCREMENTAL, Manifest
from tests.platform.backups.line import Line, sql

KEY = {"BACKUP_KEY": "k" * 32}


def _named(line: Line, kind: str) -> Manifest:
    return next(each for each in line.plan(**KEY).repository.complete() if each.kind == kind)


def test_the_data_and_the_key_of_its_links_come_back_and_their_moment_is_told(backed_up: Line, copied: Line) -> None:
    code, said, _ = copied.run("restore", "--to", "latest", **KEY)
    assert code == 0
    moment = _named(copied, INCREMENTAL).moment
    assert f"the last that is in it was committed at {moment:%Y-%m-%d %H:%M}" in said
    key = copied.data.root / "secret_key"
    assert f"{key} is back, too" in said
    assert key.read_text() == (backed_up.data.root / "secret_key").read_text()
    assert key.stat().st_mode & 0o777 == 0o600
    with copied.server(**KEY) as plan:
        assert sql(plan, "SELECT count(*) FROM sold") == 1010


def test_a_key_that_is_there_stays_and_what_ends_with_the_old_one_is_told(backed_up: Line, copied: Line) -> None:
    backup, repository = _named(copied, FULL), copied.plan(**KEY).repository
    old = (backed_up.data.root / "secret_key").read_text()
    for given in ("", "g" * 64):
        (copied.data.root / "secret_key").write_text("s" * 64)
        said = signing.bring_back(repository, backup, copied.data.root, given)
        assert "SECRET_KEY is another one than at the time of the backup: the links in mails already sent" in said
        assert (copied.data.root / "secret_key").read_text() == "s" * 64
        assert (copied.data.root / f"secret_key.of-{backup.name}").read_text() == old
    assert signing.bring_back(repository, backup, copied.data.root, old) == ""


def test_an_unencrypted_backup_has_no_key_and_says_so(sold: Line, tmp_path: Path) -> None:
    (backup,) = sold.plan().repository.complete()
    assert not any(file.name == signing.STORED for file in backup.files)
    said = signing.bring_back(sold.plan().repository, backup, tmp_path, "")
    assert "this backup has no secret_key: put the old one into" in said


@pytest.mark.parametrize("kind", [FULL, DUMP])
def test_a_restore_that_fails_leaves_no_data_folder_behind(copied: Line, tmp_path: Path, kind: str) -> None:
    backup = _named(copied, kind)
    path = copied.backups / backup.name / backup.files[0].name
    path.write_bytes(path.read_bytes()[:-9])
    elsewhere = {"BACKUP_DIR": str(copied.backups), **KEY}
    data = Path(f"{copied.data.root}-new")
    code, _, complained = copied.run("restore", backup.name, DATA_DIR=str(data), **elsewhere)
    assert (code, complained.count("\n")) == (1, 1)
    assert not data.exists()
    # In a folder that was there, what was in it stays.
    (copied.data.root / "mine").touch()
    assert copied.run("restore", backup.name, **elsewhere)[0] == 1
    assert (copied.data.root / "mine").exists()
    assert not (copied.data.root / "postgres").exists()


def test_a_gap_in_the_log_is_told_and_what_lies_before_it_restored(sold: Line) -> None:
    with sold.server() as plan:
        for number in (8, 9, 10):
            sql(plan, "INSERT INTO sold VALUES (%s)", number)
            assert sold.run("store-log")[0] == 0
        moment = sql(plan, "SELECT clock_timestamp()").isoformat()
        assert sold.run("store-log")[0] == 0
    segments = sorted(path for path in sold.backups.glob("wal/*/*.zst") if path.name < "000000020")
    segments[-3].unlink()
    code, _, complained = sold.run("restore", "--to", moment, "--overwrite")
    assert (code, complained.count("\n")) == (1, 1)
    assert "the kept log ends, or has a gap, before that moment" in complained
    code, said, _ = sold.run("restore", "--to", "latest", "--overwrite")
    assert code == 0
    assert "the kept log has a gap: what comes after it cannot be restored from this backup" in said
    with sold.server() as plan:
        assert sql(plan, "SELECT array_agg(n) FROM sold") in ([7, 8], [7, 8, 9])
