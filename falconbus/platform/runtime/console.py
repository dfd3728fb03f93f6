"""What is said to the person who started us."""

import contextlib
import sys
import threading

_one_line_at_a_time = threading.Lock()


def say(line: str) -> None:
    """Print a line at once. A terminal that is gone is no reason to stop."""
    with _one_line_at_a_time, contextlib.suppress(OSError, ValueError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
