"""What stops a start for a reason that a person can mend."""


class CannotRun(Exception):  # noqa: N818  an answer to the person at the keyboard, not a fault of the program
    """The message is the one line that is printed; no traceback follows it."""
