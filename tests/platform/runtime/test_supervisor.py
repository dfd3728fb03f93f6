"""One process that dies and dies; a process that ends with its parent."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from falconbus.platform.runtime.children import Child
from falconbus.platform.runtime.errors import CannotRun
from falconbus.platform.runtime.logs import LARGEST, BoundedLog
from falconbus.platform.runtime.paths import PROJECT, DataFolder
from falconbus.platform.runtime.processes import Restarts
from falconbus.platform.runtime.supervisor import Supervised
from tests.platform.runtime.processes import wait_until


def _tick(process: Supervised, *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        process.tick()
        time.sleep(0.01)


def _dying() -> Child:
    return Child("web", [sys.executable, "-c", "raise SystemExit(3)"], os.environ)


def test_a_process_that_dies_five_times_within_a_minute_is_given_up() -> None:
    process = Supervised("web", _dying, Restarts(first_pause=0.01))
    with pytest.raises(CannotRun, match="web ended with exit code 3, for the fifth time within a minute"):
        _tick(process, seconds=20)


def test_pauses_between_starts_double() -> None:
    restarts = Restarts()
    assert [restarts.note_death() for _ in range(4)] == [1, 2, 4, 8]
    assert not restarts.due
    assert not restarts.has_failed
    restarts.note_death()
    assert restarts.has_failed


def test_a_process_ends_with_its_parent() -> None:
    starter = (
        "import signal, subprocess, time\n"
        "from falconbus.platform.runtime.parent_death import ending_with_parent\n"
        "p = subprocess.Popen(ending_with_parent(['sleep', '600'], death_signal=signal.SIGTERM))\n"
        "print(p.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", starter], cwd=PROJECT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        wait_until(lambda: _command(pid).startswith("sleep"), 5, "never started")
        process.kill()
    wait_until(lambda: not _command(pid), 5, "the process lives on")


def test_a_log_is_put_aside_when_it_has_grown_too_large(data: DataFolder) -> None:
    data.make()
    log = BoundedLog(data.logs / "web.log")
    log.write(b"x" * LARGEST)
    log.write(b"y")
    log.write(b"z")
    log.close()
    assert (data.logs / "web.log").read_bytes() == b"z"
    assert (data.logs / "web.old.log").stat().st_size == LARGEST + 1


def test_the_output_of_a_child_is_kept_to_its_last_lines() -> None:
    child = Child("web", [sys.executable, "-c", "print('one'); print('two')"], os.environ)
    assert child.process.wait() == 0
    child.finish_output()
    assert list(child.last_lines) == ["one", "two"]


def _command(pid: int) -> str:
    """Empty for a process that has ended, even when nobody has collected it yet."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
