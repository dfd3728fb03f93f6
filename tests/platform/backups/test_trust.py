"""With a key only what was sealed with it is believed, and never a name that leads elsewhere."""

from typing import Any

import msgspec
import pytest

from falconbus.platform.backups import manifest, moments, sealing
from falconbus.platform.backups.archive import Archive
from falconbus.platform.backups.errors import BackupFailed, Damaged, Unsealed
from falconbus.platform.backups.manifest import FULL, INCREMENTAL, Log, Manifest
from falconbus.platform.backups.moments import Target
from falconbus.platform.backups.sealing import StoredFile
from tests.platform.backups.line import Line, sql

KEY = {"BACKUP_KEY": "k" * 32}


def _full(line: Line) -> Manifest:
    return next(each for each in line.plan(**KEY).repository.complete() if each.kind == FULL)


def test_a_manifest_without_the_seal_is_not_believed(copied: Line) -> None:
    backup = _full(copied)
    folder = copied.backups / backup.name
    manifest.write(folder, msgspec.structs.replace(backup, key="", why="forged"), None)
    plan = copied.plan(**KEY)
    with pytest.raises(Unsealed, match="say --unsealed"):
        plan.repository.get(backup.name)
    assert FULL not in {each.kind for each in plan.repository.complete()}
    listed = copied.run("list", **KEY)[1]
    assert f"cannot be used: {backup.name} is not sealed with BACKUP_KEY" in listed
    # Nor does what adds to it get it in by the back door.
    incremental = next(each for each in plan.repository.complete() if each.kind == INCREMENTAL)
    with pytest.raises(BackupFailed, match="not sealed"):
        plan.verify(incremental.name, print)


def test_log_without_the_seal_is_not_believed(copied: Line) -> None:
    plan = copied.plan(**KEY)
    log = _full(copied).log
    assert log is not None
    archive = Archive(plan.repository, log.system)
    path = archive.path(log.last)
    content = b"".join(archive.read(log.last))
    path.unlink()
    writer = sealing.Writer(path, None, "")
    writer.write(content)
    writer.finish()
    with pytest.raises(Unsealed):
        list(archive.read(log.last))


def test_what_is_from_before_the_key_is_taken_when_asked_for_and_nothing_adds_to_it(line: Line) -> None:
    with line.server() as plan:
        sql(plan, "CREATE TABLE sold AS SELECT 1 AS n")
        before = line.take(plan)
    refused = line.run("verify", before.name, **KEY)
    assert (refused[0], refused[2].count("\n")) == (1, 1)
    assert "is not sealed with BACKUP_KEY" in refused[2]
    assert line.run("verify", before.name, "--unsealed", **KEY)[0] == 0
    with line.server(**KEY) as plan:
        assert line.take(plan).kind == FULL


@pytest.mark.parametrize(
    "changes",
    [
        {"files": [StoredFile("../../x", 1, "")]},
        {"files": [StoredFile("/etc/passwd", 1, "")]},
        {"files": [StoredFile("wal/../../x", 1, "")]},
        {"parent": "../20261201T000000Z-full"},
        {"log": Log("../1", "0" * 24, "0" * 24, "point")},
        {"log": Log("1", "../../x", "0" * 24, "point")},
        {"log": Log("1", "0" * 24, "0" * 24, "a' --b")},
    ],
    ids=lambda changes: str(next(iter(changes))),
)
@pytest.mark.parametrize("key", [None, "k" * 32], ids=["plain", "sealed"])
def test_a_name_that_leads_elsewhere_is_refused(copied: Line, changes: dict[str, Any], key: str | None) -> None:
    backup = msgspec.structs.replace(_full(copied), key=sealing.key_name(key), **changes)
    manifest.write(copied.backups / backup.name, backup, key)
    with pytest.raises(Damaged, match="no manifest of a backup of ours"):
        manifest.read(copied.backups / backup.name, key)


def test_each_database_looks_after_its_own_backups(copied: Line) -> None:
    plan = copied.plan(**KEY)
    own, repository = _full(copied).owner, plan.repository
    unfinished = repository.begin(FULL, own) / "part"
    foreign = repository.begin(FULL, "1/falconbus")
    unfinished.touch()
    repository.begin(FULL, own)
    assert (unfinished.exists(), foreign.exists()) == (False, True)
    assert moments.choose(repository, None, Target(latest=True), None).owner == own
    with pytest.raises(BackupFailed, match="are of another database: name the one to begin with"):
        moments.choose(repository, None, Target(latest=True), "1/falconbus")
    theirs = msgspec.structs.replace(_full(copied), name=foreign.name, owner="1/falconbus")
    manifest.write(foreign, theirs, KEY["BACKUP_KEY"])
    with pytest.raises(BackupFailed, match="are of several databases: name the one to begin with"):
        moments.choose(repository, None, Target(latest=True), None)
    assert moments.choose(repository, foreign.name, Target(latest=True), own) == theirs
    assert moments.choose(repository, None, Target(latest=True), own).owner == own
    assert f"of 1/falconbus  ({theirs.why}" in copied.run("list", **KEY)[1]
