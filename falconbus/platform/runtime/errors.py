"""What stops a start for a reason that a person can mend."""


class CannotRun(Exception):
    """The message is the one line that is printed; no traceback follows it."""
