"""SECRET_KEY, from which links are derived: an encrypted backup has the one that was made in the data folder.

One that is given as a setting is kept by whoever gave it. An unencrypted backup has none: with it, whoever reads a
backup could make the link of any booking to come.
"""

import hashlib
from pathlib import Path

from falconbus.platform.backups.errors import BackupFailed
from falconbus.platform.backups.manifest import Manifest
from falconbus.platform.backups.repository import Repository
from falconbus.platform.backups.sealing import StoredFile, Writer

#: Its name in a backup's folder; in the data folder it is FILE.
STORED, FILE = "secretkey.zst", "secret_key"
_ENDS = (
    "the links in mails already sent (bookings, charters, offers, unsubscribing), the addresses of crews' calendars,"
    " and every sign-in"
)


def name_of(secret_key: str) -> str:
    """Return a name by which a key is recognised, and which tells nothing of it."""
    return hashlib.blake2b(secret_key.encode(), digest_size=6, person=b"falconbus sign").hexdigest()


def keep(repository: Repository, folder: Path, data: Path) -> list[StoredFile]:
    """Store the data folder's key beside the other files of an encrypted backup."""
    path = data / FILE
    if not repository.secret or not path.exists():
        return []
    writer = Writer(folder / STORED, repository.secret, f"{folder.name}/{STORED}")
    try:
        writer.write(path.read_bytes())
        return [writer.finish()]
    finally:
        writer.close()


def bring_back(repository: Repository, backup: Manifest, data: Path, given: str) -> str:
    """Put the backup's key into a data folder without one; return what is to be said of keys, empty when all is well.

    A key that is there is not replaced: it may have been changed on purpose. `given` is the setting's.
    """
    path = data / FILE
    present = given or (path.read_text().strip() if path.exists() else "")
    if present and name_of(present) == backup.signs_with:
        return ""
    stored = any(file.name == STORED for file in backup.files)
    if not present and stored:
        _write(path, repository, backup)
        return f"{path} is back, too: links in mails already sent go on working"
    if not present:
        return (
            f"this backup has no secret_key: put the old one into {path} (or SECRET_KEY) before you start; with a new"
            f" one {_ENDS} end. Tickets hold"
        )
    words = f"SECRET_KEY is another one than at the time of the backup: {_ENDS} end. Tickets hold"
    if not stored:
        return words
    beside = path.with_name(f"{FILE}.of-{backup.name}")
    _write(beside, repository, backup)
    return (
        f"{words}. The old key is in {beside}: unless it was changed on purpose, move it over {path} before you start"
    )


def _write(path: Path, repository: Repository, backup: Manifest) -> None:
    content = b"".join(repository.read(repository.folder(backup.name) / STORED, f"{backup.name}/{STORED}"))
    unfinished = path.with_name(f"{path.name}.new")
    try:
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(content)
        unfinished.rename(path)
    except OSError as error:
        raise BackupFailed(f"the data is restored, but {path} cannot be written: {error.strerror}") from None
