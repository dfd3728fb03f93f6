"""Process groups: ending them in good order, and starting again what died, ever more slowly."""

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Sequence

PATIENCE = 60.0
DEATHS_ALLOWED = 5
LONGEST_PAUSE = 30.0


class Restarts:
    """When a process that died may start again: after 1, 2, 4... 30 seconds, unless it dies too often."""

    def __init__(self, first_pause: float = 1.0) -> None:
        self._first_pause = first_pause
        self._deaths: deque[float] = deque(maxlen=DEATHS_ALLOWED)
        self._next_start = 0.0

    def note_death(self) -> float:
        """Count a death; seconds until the next start."""
        now = time.monotonic()
        while self._deaths and now - self._deaths[0] > PATIENCE:
            self._deaths.popleft()
        pause = min(self._first_pause * 2.0 ** len(self._deaths), LONGEST_PAUSE)
        self._deaths.append(now)
        self._next_start = now + pause
        return pause

    @property
    def hopeless(self) -> bool:
        """Five deaths within a minute."""
        return len(self._deaths) == DEATHS_ALLOWED

    @property
    def due(self) -> bool:
        return time.monotonic() >= self._next_start


def signal_process(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal the process itself, which passes it on as it sees fit."""
    if process.poll() is None:
        process.send_signal(number)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End whatever is left of the process's group (it leads one), at once."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Nobody left; macOS answers EPERM when only the dead are.
        return


def stop(process: subprocess.Popen[bytes], steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """Ask the process to end, ever more firmly; then end its group."""
    for number, seconds in steps:
        signal_process(process, number)
        try:
            process.wait(seconds)
            break
        except subprocess.TimeoutExpired:
            continue
    kill_group(process)
    process.wait()
