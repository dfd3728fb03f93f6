"""The error that ends a start for a reason that a person can fix."""


class CannotRun(Exception):
    """The program cannot run; the message is the one line that is printed, without a traceback."""
