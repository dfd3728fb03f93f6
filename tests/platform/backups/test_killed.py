"""kill -9 in the middle of a backup, a verification and a restore: nothing is lost, and the next one goes well."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable

import pytest

from falconbus.platform.backups import manifest
from falconbus.platform.backups.moments import Target
from falconbus.platform.backups.restoring import Restoring
from falconbus.platform.runtime.data_location import find_data_location
from falconbus.platform.runtime.errors import CannotRun
from falconbus.platform.runtime.postgres import RESTORED, RESTORING
from tests.platform.backups.line import Line, sql
from tests.platform.runtime.processes import wait_until


def _kill_once(process: subprocess.Popen[str], begun: Callable[[], object]) -> None:
    wait_until(lambda: begun() or process.poll() is not None, 150, "it did not begin")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it ended before it could be killed"


def test_a_killed_backup_is_none(sold: Line) -> None:
    with sold.server() as plan:
        (before,) = plan.repository.complete()
        _kill_once(sold.command("create", "--full"), lambda: len(list(sold.backups.glob("*-full"))) == 2)
        assert plan.repository.complete() == [before]
        assert sold.run("list")[1].count("\n") == 1
        again = sold.take(plan, manifest.FULL)
        assert {path.name for path in sold.backups.glob("*Z-*")} == {before.name, again.name}


def test_a_killed_verification_leaves_the_backup_good(sold: Line) -> None:
    (backup,) = sold.plan().repository.complete()
    copy = sold.data.root / "scratch" / "copy"
    _kill_once(sold.command("verify", backup.name), copy.exists)
    assert sold.run("verify", backup.name)[0] == 0
    assert not copy.exists()


def test_a_killed_restore_leaves_what_was_there(sold: Line) -> None:
    (backup,) = sold.plan().repository.complete()
    with sold.server() as plan:
        sql(plan, "INSERT INTO sold VALUES (8)")
    place = sold.data.root / "postgres" / "restoring"
    _kill_once(sold.command("restore", backup.name, "--overwrite"), place.exists)
    with sold.server() as plan:
        assert sql(plan, "SELECT count(*) FROM sold") == 2
    Restoring(plan.data, plan.repository, print).restore(backup.name, Target(), overwrite=True)
    with sold.server() as plan:
        assert sql(plan, "SELECT count(*) FROM sold") == 1
    assert not place.exists()


def test_a_restore_killed_between_its_last_two_steps_is_ended_by_the_next_start(sold: Line) -> None:
    location = find_data_location(sold.data, "postgres").path
    with sold.server() as plan:
        sql(plan, "INSERT INTO sold VALUES (8)")
    shutil.move(location / "data", location / RESTORED)
    with sold.server() as plan:
        assert sql(plan, "SELECT count(*) FROM sold") == 2


def test_a_restore_killed_where_there_was_no_data_leaves_none_that_looks_like_it(copied: Line) -> None:
    location = find_data_location(copied.data, "postgres")
    location.folder(RESTORING)
    with (
        pytest.raises(CannotRun, match="a restore was cut short before it came to its end: run it again"),
        copied.server(),
    ):
        pass
    assert not (location.path / "data").exists()
