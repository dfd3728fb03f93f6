"""A child process whose output is shown line by line under its name."""

import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import closing, nullcontext
from pathlib import Path

from falconbus.platform.runtime.console import say
from falconbus.platform.runtime.logs import BoundedLog
from falconbus.platform.runtime.parent_death import ending_with_parent
from falconbus.platform.runtime.paths import PROJECT


class Child:
    """A command that runs in a process group of its own, and ends when we do."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], *, log: Path | None = None
    ) -> None:
        """Start the command; with `log` its output is also kept in that file."""
        self.name = name
        self.last_lines: deque[str] = deque(maxlen=200)
        self._log = log
        self.process = subprocess.Popen(
            ending_with_parent(command, death_signal=signal.SIGTERM),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=PROJECT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name=f"output of {name}", daemon=True)
        self._reader.start()

    def finish_output(self) -> None:
        """Show what the ended process has left in the pipe; wait a second at most, a grandchild may hold it open."""
        self._reader.join(timeout=1)

    def _read(self) -> None:
        output = self.process.stdout
        if output is None:
            return
        with output, closing(BoundedLog(self._log)) if self._log else nullcontext() as log:
            for raw in iter(output.readline, b""):
                if log:
                    log.write(raw)
                line = raw.decode(errors="replace").rstrip()
                self.last_lines.append(line)
                say(f"{self.name:<7} | {line}")
