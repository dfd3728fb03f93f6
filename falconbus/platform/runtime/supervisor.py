"""Keeps the Procfile's processes running, and ends them all in time."""

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from falconbus.platform.runtime.children import Child
from falconbus.platform.runtime.console import say
from falconbus.platform.runtime.errors import CannotRun
from falconbus.platform.runtime.processes import Restarts, kill_group, signal_process

#: Seconds after the first request to end at which the next, firmer step is taken. With the servers' own six seconds
#: everything has ended within the promised twenty.
QUIT_AFTER = 9.0
KILL_AFTER = 12.0


class Supervised:
    """One process of the Procfile, over all its restarts."""

    def __init__(self, name: str, start: Callable[[], Child], restarts: Restarts | None = None) -> None:
        self.name = name
        self._start = start
        self._restarts = restarts or Restarts()
        self._waiting = False
        self.child = start()

    def tick(self) -> None:
        """Restart the process when it died and its pause is over."""
        if self._waiting:
            if self._restarts.due:
                self._waiting = False
                self.child = self._start()
            return
        code = self.child.process.poll()
        if code is None:
            return
        self._kill_leftovers()
        pause = self._restarts.note_death()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if self._restarts.has_failed:
            raise CannotRun(f"{self.name} {how}, for the fifth time within a minute; see its lines above")
        say(f"falcon  | {self.name} {how}; starts again in {pause:.0f} s")
        self._waiting = True

    def _kill_leftovers(self) -> None:
        """Kill what is left of the process group: it would hold the port, or work on unseen."""
        kill_group(self.child.process)
        self.child.finish_output()

    def end(self) -> None:
        """Collect the process that has ended."""
        self._kill_leftovers()
        self.child.process.wait()


class Supervisor:
    """All processes of a Procfile except `release`."""

    def __init__(self, commands: Mapping[str, Sequence[str]], environment: Mapping[str, str], logs: Path) -> None:
        self._processes = [
            Supervised(name, self._starter(name, command, environment, logs)) for name, command in commands.items()
        ]

    def tick(self) -> None:
        """Check every process once; CannotRun when one has failed for good."""
        for process in self._processes:
            process.tick()

    def last_lines(self, name: str, count: int = 15) -> list[str]:
        """Return the last lines of a process's output."""
        return [line for each in self._processes if each.name == name for line in list(each.child.last_lines)[-count:]]

    def stop(self, *, hurried: Callable[[], bool]) -> None:
        """End every process: SIGTERM, then SIGQUIT, then SIGKILL to its group, sooner when hurried."""
        steps = [(0.0, signal.SIGTERM), (QUIT_AFTER, signal.SIGQUIT)]
        begun = time.monotonic()
        while self._alive():
            waited = time.monotonic() - begun
            if steps and waited >= steps[0][0]:
                number = steps.pop(0)[1]
                for process in self._alive():
                    signal_process(process.child.process, number)
            if waited >= KILL_AFTER or hurried():
                break
            time.sleep(0.05)
        for process in self._processes:
            process.end()

    def _alive(self) -> list[Supervised]:
        return [process for process in self._processes if process.child.process.poll() is None]

    @staticmethod
    def _starter(name: str, command: Sequence[str], environment: Mapping[str, str], logs: Path) -> Callable[[], Child]:
        return lambda: Child(name, command, environment, log=logs / f"{name}.log")
