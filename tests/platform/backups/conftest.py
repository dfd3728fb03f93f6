"""Data folders with a server of their own; one with two backups in it serves every test that only reads it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from falconbus.platform.backups.manifest import DUMP
from falconbus.platform.runtime.paths import DataFolder
from tests.platform.backups.line import Line, sql
from tests.platform.runtime.processes import processes_of, wait_until


def _new_line(initialised: Path | None = None) -> Line:
    return Line(DataFolder(Path(tempfile.gettempdir()) / f"falconbus-{uuid4().hex[:12]}"), initialised)


def _remove(line: Line) -> None:
    wait_until(lambda: not processes_of(line.data), 20, f"a process of {line.data.root} outlived its test")
    shutil.rmtree(line.data.root, ignore_errors=True)


@pytest.fixture(autouse=True)
def backups_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers started here keep their log; others of the tests do not."""
    monkeypatch.setenv("BACKUP_ENABLED", "true")


@pytest.fixture(scope="session")
def initialised() -> Iterator[Path]:
    """The empty data of a server, which is copied quicker than made."""
    made = _new_line()
    with made.server():
        pass
    yield made.data.root
    _remove(made)


@pytest.fixture
def line(initialised: Path) -> Iterator[Line]:
    """An installation without data."""
    made = _new_line(initialised)
    yield made
    _remove(made)


@pytest.fixture(scope="session")
def sold_once(initialised: Path) -> Iterator[Line]:
    """An installation with rows and a backup of them; not to be changed."""
    made = _new_line(initialised)
    with made.server() as plan:
        sql(plan, "CREATE TABLE sold AS SELECT 7 AS n")
        made.take(plan)
    yield made
    _remove(made)


@pytest.fixture
def sold(sold_once: Line, line: Line) -> Line:
    """An installation with rows and a backup of them."""
    line.copy(sold_once.data.root, "postgres", "backups", "secret_key")
    return line


@pytest.fixture(scope="session")
def backed_up(initialised: Path) -> Iterator[Line]:
    """An installation with an encrypted full backup, an incremental one and a dump; not to be changed."""
    made = _new_line(initialised)
    with made.server(BACKUP_KEY="k" * 32) as plan:
        sql(plan, "CREATE TABLE sold AS SELECT n, n * 2.5 AS price, now() AS at FROM generate_series(1, 1000) n")
        made.take(plan)
        sql(plan, "INSERT INTO sold SELECT n, 1, now() FROM generate_series(1001, 1010) n")
        sql(plan, "UPDATE sold SET price = 0 WHERE n < 4")
        made.take(plan)
        made.take(plan, DUMP)
    yield made
    _remove(made)


@pytest.fixture
def copied(backed_up: Line, line: Line) -> Line:
    """Another machine, to which only the folder of backups was brought."""
    shutil.copytree(backed_up.backups, line.backups)
    return line
