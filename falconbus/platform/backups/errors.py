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


class Unsealed(BackupFailed):
    """A key is set, and something was stored without one: whoever can write to BACKUP_DIR may have made it."""

    def __init__(self, what: object) -> None:
        super().__init__(
            f"{what} is not sealed with BACKUP_KEY, so anybody may have made it: say --unsealed if it is yours, from"
            " before the key was set"
        )


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
