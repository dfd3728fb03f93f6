"""Process groups: ending them in good order, and restarting dead processes with growing pauses."""

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Sequence

DEATH_WINDOW_SECONDS = 60.0
MAX_DEATHS = 5
MAX_PAUSE_SECONDS = 30.0


class Restarts:
    """The restart policy of a process: pauses of 1, 2, 4... 30 seconds, unless it dies too often."""

    def __init__(self, first_pause: float = 1.0) -> None:
        self._first_pause = first_pause
        self._deaths: deque[float] = deque(maxlen=MAX_DEATHS)
        self._next_start = 0.0

    def note_death(self) -> float:
        """Count a death; return the seconds until the next start."""
        now = time.monotonic()
        while self._deaths and now - self._deaths[0] > DEATH_WINDOW_SECONDS:
            self._deaths.popleft()
        pause = min(self._first_pause * 2.0 ** len(self._deaths), MAX_PAUSE_SECONDS)
        self._deaths.append(now)
        self._next_start = now + pause
        return pause

    @property
    def has_failed(self) -> bool:
        """Return whether it died five times within a minute."""
        return len(self._deaths) == MAX_DEATHS

    @property
    def due(self) -> bool:
        return time.monotonic() >= self._next_start


def signal_process(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal the process itself, which passes the signal on as it sees fit."""
    if process.poll() is None:
        process.send_signal(number)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the process's group (it leads one)."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Nobody left; macOS answers EPERM when only the dead are.
        return


def stop(process: subprocess.Popen[bytes], steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send the signals of `steps`, each with its seconds to wait, until the process ends; then kill its group."""
    for number, seconds in steps:
        signal_process(process, number)
        try:
            process.wait(seconds)
            break
        except subprocess.TimeoutExpired:
            continue
    kill_group(process)
    process.wait()
