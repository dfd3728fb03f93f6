"""Whether a backup is good: restored into a server of its own, and compared with what was counted at its time."""

import time

from falconbus.platform.backups import dumping, figures, unpacking
from falconbus.platform.backups.copies import CARELESS, Copy, place_for_copy
from falconbus.platform.backups.errors import one_line
from falconbus.platform.backups.manifest import DUMP, Manifest
from falconbus.platform.backups.moments import Target
from falconbus.platform.backups.progress import Say
from falconbus.platform.backups.repository import COPYING, Repository
from falconbus.platform.runtime.data_location import DataLocation


def verify(repository: Repository, name: str, location: DataLocation, say: Say) -> Manifest:
    """Restore a backup in `location` and compare every table's rows; BackupFailed says what is wrong with it."""
    begun = time.monotonic()
    with one_line(), repository.alone(f"verifying {name}", COPYING), place_for_copy(location, "copy") as place:
        backup = repository.get(name)
        copy = Copy(repository, place, CARELESS, say)
        if backup.kind == DUMP:
            unpacking.check_files(repository, backup)
            with copy.running({}) as server:
                dumping.load(server, repository, backup)
                figures.check(server, backup)
        else:
            recovery = copy.build(backup, Target())
            with copy.running(recovery) as server:
                figures.check(server, backup)
            copy.check_pages()
        repository.note_verified(name, time.monotonic() - begun)
    return backup
