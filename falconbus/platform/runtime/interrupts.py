"""Ctrl-C, SIGTERM and a closed terminal, which all mean: end in good order."""

import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Raised wherever the program is, while nothing needs to be ended step by step."""


class Interrupts:
    """Counts the requests to end. Before supervise() the first one raises Interrupted; after it none does."""

    def __init__(self) -> None:
        self.count = 0
        self._raise = True
        for number in SIGNALS:
            signal.signal(number, self._note)

    def supervise(self) -> None:
        """From here on the count is watched."""
        self._raise = False

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self._raise:
            self._raise = False
            raise Interrupted
