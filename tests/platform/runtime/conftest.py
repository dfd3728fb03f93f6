"""A data folder of its own for each test, and a check that nothing of it still runs afterwards."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from falconbus.platform.runtime.paths import DataFolder
from tests.platform.runtime.processes import processes_of, wait_until


@pytest.fixture
def data() -> Iterator[DataFolder]:
    """A data folder that does not exist yet, in a place which the servers' user can reach when we are root."""
    folder = DataFolder(Path(tempfile.gettempdir()) / f"falconbus-{uuid4().hex[:12]}")
    yield folder
    wait_until(lambda: not processes_of(folder), 20, f"a process of {folder.root} outlived its test")
    shutil.rmtree(folder.root, ignore_errors=True)
