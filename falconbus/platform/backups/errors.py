"""Why a backup could not be taken, verified or restored: one line for a person."""

from collections.abc import Iterator
from contextlib import contextmanager
from errno import EDQUOT, EFBIG, ENOSPC

from falconbus.platform.runtime.errors import CannotRun

_FULL = {ENOSPC, EDQUOT, EFBIG}


class BackupFailed(CannotRun):
    """Something about backups did not work; nothing that was there before is lost."""


class Damaged(BackupFailed):
    """A stored file is not what was written."""


@contextmanager
def one_line() -> Iterator[None]:
    """Turn what the operating system refuses into one line that names the file."""
    try:
        yield
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        if error.errno in _FULL:
            raise BackupFailed(f"no space is left for{where or ' the backup'}") from None
        raise BackupFailed(f"cannot use{where}: {error.strerror or error}") from None
