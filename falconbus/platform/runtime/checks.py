"""`falcon test` and `falcon lint`."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from falconbus.platform.runtime.console import say
from falconbus.platform.runtime.data_location import OUTSIDE
from falconbus.platform.runtime.environment import complete, for_children, servers_needed
from falconbus.platform.runtime.parent_death import ending_with_parent
from falconbus.platform.runtime.paths import PROJECT, DataFolder

PROGRAMS = Path(sys.executable).parent
EVERYTHING = (
    "the whole suite, about ten minutes with two processes; Ctrl-C ends it. A part: ./falcon test tests/bookings, "
    "./falcon test -k refund (all arguments go to pytest)"
)
LINTERS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports",),
    ("deptry", "."),
)


def run_tests(arguments: Sequence[str]) -> int:
    """Run pytest against servers of its own, which are gone afterwards, or those that the environment names."""
    if not arguments:
        say(EVERYTHING)
    # What tests write is worth no backup; those of backups set it for servers of their own.
    os.environ.setdefault("BACKUP_ENABLED", "false")
    with ExitStack() as stack:
        # Not from mkdtemp, whose folders root's own servers cannot enter: the data folder is made like any other.
        data = DataFolder(Path(tempfile.gettempdir()) / f"falconbus-test-{secrets.token_hex(8)}")
        stack.callback(_remove, data)
        data.make()
        servers = servers_needed(data, os.environ)
        stack.callback(servers.close)
        environment = for_children(complete(os.environ, data, servers.start()), PROGRAMS)
        command = [sys.executable, "-m", "pytest", *arguments]
        # A terminal sends a Ctrl-C to everybody: we alone hear it, and end pytest (tests/interrupts.py).
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        pytest = subprocess.Popen(
            ending_with_parent(command, death_signal=signal.SIGTERM), cwd=PROJECT, env=environment
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: pytest.terminate())
        code = pytest.wait()
        return code if code >= 0 else 128 - code


def run_linters() -> int:
    """Run every check, the later ones too when an earlier one fails; 1 when any did."""
    environment = for_children(os.environ, PROGRAMS)
    failed = []
    for linter in LINTERS:
        name = " ".join(linter)
        say(f"-- {name}")
        if subprocess.run(
            [str(PROGRAMS / linter[0]), *linter[1:]], cwd=PROJECT, env=environment, check=False
        ).returncode:
            failed.append(name)
    say(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def _remove(data: DataFolder) -> None:
    for note in data.root.glob("*.home"):
        location = Path(note.read_text().strip())
        if location.is_relative_to(OUTSIDE):
            shutil.rmtree(location, ignore_errors=True)
    shutil.rmtree(data.root, ignore_errors=True)
