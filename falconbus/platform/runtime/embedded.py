"""The interface between an embedded server and the daemon that runs it."""

import signal
from collections.abc import Mapping
from typing import Protocol

#: Signals that stop a process, ever more firmly, each with the seconds to wait for its end.
Steps = tuple[tuple[signal.Signals, float], ...]


class Server(Protocol):
    """One embedded server: how to make, start, recognise and stop it."""

    stop_steps: Steps

    def prepare(self) -> None:
        """Make its data when there is none, and repair what an abrupt end left behind."""

    def command(self) -> list[str]:
        """Return the program and its arguments (which every user of the machine can see)."""

    def configuration(self) -> bytes:
        """Return what it reads from its standard input."""

    def is_ready(self, pid: int) -> bool:
        """Return whether the process of that id answers clients."""

    def facts(self) -> Mapping[str, str]:
        """Return `url` for the clients, and what the next start should choose again."""

    def tidy(self) -> None:
        """Remove what is of no use once it has stopped."""
