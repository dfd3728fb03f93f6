"""Output for the person who started the program."""

import contextlib
import sys
import threading

_one_line_at_a_time = threading.Lock()


def say(line: str) -> None:
    """Print a line at once; ignore a terminal that is gone."""
    with _one_line_at_a_time, contextlib.suppress(OSError, ValueError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
