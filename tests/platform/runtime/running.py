"""A `falcon up` over a Procfile of the tests' own."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

from falconbus.platform.runtime.paths import PROJECT, DataFolder
from tests.platform.runtime.processes import bare_environment, processes_of, wait_until

PROGRAM = """
import sys
from pathlib import Path
from falconbus.platform.runtime.up import UpOptions, run
sys.exit(run(UpOptions(port=int(sys.argv[1]), demo=False, procfile=Path(sys.argv[2]))))
"""
STUB = "python -m tests.platform.runtime.stub"
WEB = f"web: {STUB} web $DATA_DIR\n"


class Up:
    """The process, and what it has said so far."""

    def __init__(self, data: DataFolder, port: int, procfile: str, **settings: str) -> None:
        self._data = data
        self.lines: list[str] = []
        self._procfile = Path(f"{data.root}.{port}.Procfile")
        self._procfile.write_text(procfile)
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(port), str(self._procfile)],
            cwd=PROJECT,
            env=bare_environment(DATA_DIR=str(data.root), **settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGTERM)
        self._procfile.unlink()

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, words: str, seconds: float = 30) -> None:
        """Until it has said so."""
        wait_until(lambda: words in self.said or self.process.poll() is not None, seconds, f"never said {words!r}")
        assert words in self.said, self.said

    def end(self, *signals: signal.Signals, seconds: float = 20) -> int:
        """Send the signals; the exit code, once it has ended in time."""
        for number in signals:
            self.process.send_signal(number)
        code = self.process.wait(seconds)
        self._reader.join(seconds)
        return code

    def signal_everybody(self, number: signal.Signals) -> None:
        """As a service manager does: every process that there is, ours included."""
        for pid in [self.process.pid, *processes_of(self._data)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line.rstrip())
