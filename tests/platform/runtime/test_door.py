"""`./falcon` makes its own environment, once, and works from anywhere."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from falconbus.platform.runtime.paths import PROJECT

TOOLS = ("sh", "dirname", "readlink", "cksum", "rm", "mv", "sleep")
MAIN = "import os, sys\nprint(os.getcwd(), sys.argv[1:], sys.prefix)\n"


class Clone:
    """A project with spaces in its path and no packages to install, on this machine or one with little on it."""

    def __init__(self, folder: Path) -> None:
        self._environment = dict(os.environ)
        self.root = folder / "a clone of it"
        (self.root / "falconbus").mkdir(parents=True)
        shutil.copy(PROJECT / "falcon", self.root)
        (self.root / "falconbus" / "__init__.py").touch()
        (self.root / "falconbus" / "__main__.py").write_text(MAIN)
        self.lock("requirements.lock", "# none")
        self.lock("requirements-dev.lock", "# none")

    def forget_uv(self, python_script: str = 'exec "$PYTHON" "$@"') -> None:
        """Leave the machine a Python, which may have its faults, and the few tools that every system has."""
        tools = self.root.parent / "bin"
        tools.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found, tool
            (tools / tool).symlink_to(found)
        (tools / "python3").write_text(f"#!/bin/sh\n{python_script}\n")
        (tools / "python3").chmod(0o755)
        self._environment = {"PATH": str(tools), "HOME": str(self.root), "PYTHON": sys.executable}

    def lock(self, name: str, text: str) -> None:
        (self.root / name).write_text(f"{text}\n")

    def start(self, *arguments: str, script: Path | None = None, cwd: Path | None = None) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [str(script or self.root / "falcon"), *arguments],
            cwd=cwd or self.root,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, script: Path | None = None, cwd: Path | None = None) -> tuple[int, str, str]:
        process = self.start(*arguments, script=script, cwd=cwd)
        said, complained = process.communicate(timeout=120)
        return process.returncode, said, complained


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_it_works_through_a_link_from_another_folder_and_installs_once(clone: Clone, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(Path("a clone of it") / "falcon")
    expected = f"{tmp_path} ['gtfs', 'import', 'a feed.zip'] {clone.root / '.venv'}\n"
    code, said, complained = clone.run("gtfs", "import", "a feed.zip", script=link, cwd=tmp_path)
    assert (code, said) == (0, expected)
    assert "installing packages from requirements.lock" in complained
    assert clone.run("gtfs", "import", "a feed.zip", script=link, cwd=tmp_path) == (0, expected, "")


def test_without_uv_it_makes_do_with_venv_and_pip(clone: Clone) -> None:
    clone.forget_uv()
    code, said, complained = clone.run("up")
    assert (code, said) == (0, f"{clone.root} ['up'] {clone.root / '.venv'}\n")
    assert "packages are ready" in complained


def test_it_installs_again_what_is_stale_or_unfinished(clone: Clone) -> None:
    assert "making .venv" in clone.run("up")[2]
    clone.lock("requirements.lock", "# newer")
    assert _steps(clone.run("up")[2]) == ["installing packages from requirements.lock"]
    assert _steps(clone.run("lint")[2]) == ["installing packages from requirements-dev.lock"]
    assert _steps(clone.run("up")[2]) == [], "the packages of the tests include those of a run"
    (clone.root / ".venv" / "falcon-stamp").unlink()
    assert "making .venv" in clone.run("up")[2], "an install that was cut short is not to be trusted"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["up", "--help"]])
def test_a_look_at_the_help_installs_nothing_and_needs_no_python(clone: Clone, arguments: list[str]) -> None:
    clone.forget_uv("exit 1")
    code, said, complained = clone.run(*arguments)
    assert (code, complained) == (0, "")
    assert said.startswith("Usage: falcon")
    assert not (clone.root / ".venv").exists()


def test_the_help_without_packages_names_the_commands_that_there_are(clone: Clone) -> None:
    without = re.findall(r"^  (\S+)  ", clone.run("--help")[1], re.MULTILINE)
    with_packages = subprocess.run(
        [sys.executable, "-m", "falconbus", "--help"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert sorted(without) == sorted(re.findall(r"^  ([a-z]\S+)  ", with_packages.stdout, re.MULTILINE))


def test_two_at_once_install_one_after_the_other(clone: Clone) -> None:
    both = [clone.start("up"), clone.start("up")]
    complaints = "".join(process.communicate(timeout=120)[1] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert complaints.count("making .venv") == 1


def test_a_moved_project_gets_a_new_environment(clone: Clone, tmp_path: Path) -> None:
    assert clone.run("up")[0] == 0
    clone.root = clone.root.rename(tmp_path / "moved")
    assert "making .venv" in clone.run("up")[2]


def test_a_lock_that_cannot_be_installed_is_no_environment(clone: Clone) -> None:
    clone.lock("requirements.lock", "no-such-package")
    code, said, complained = clone.run("up")
    assert (code, said) == (1, "")
    assert "falcon: the packages could not be installed; the lines above say why" in complained
    assert not (clone.root / ".venv" / "falcon-stamp").exists()


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("exit 1", "falcon: Python 3.11 or newer is needed, and none was found\n"),
        (
            'case $2 in *ensurepip*) exit 1 ;; esac; exec "$PYTHON" "$@"',
            "falcon: python3 cannot make virtual environments: apt install python3-venv (or install uv)\n",
        ),
    ],
)
def test_a_python_that_will_not_do_is_one_clear_line(clone: Clone, script: str, complaint: str) -> None:
    clone.forget_uv(script)
    assert clone.run("up") == (1, "", complaint)


def _steps(complained: str) -> list[str]:
    lines = [line.removeprefix("falcon: ") for line in complained.splitlines() if line.startswith("falcon: ")]
    return [line for line in lines if not line.startswith(("still at it", "packages are ready"))]
