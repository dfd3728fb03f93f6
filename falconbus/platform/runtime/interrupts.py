"""Ctrl-C, SIGTERM and a closed terminal: requests to end in good order."""

import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A request to end, raised wherever the program is, as long as nothing must be ended step by step."""


class Interrupts:
    """Counts the requests to end; before supervise() the first one raises Interrupted, after it none does."""

    def __init__(self) -> None:
        self.count = 0
        self._raise = True
        for number in SIGNALS:
            signal.signal(number, self._note)

    def supervise(self) -> None:
        """Only count from here on: the caller watches `count`."""
        self._raise = False

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self._raise:
            self._raise = False
            raise Interrupted
