"""The folder where an embedded server keeps its data, and the user it runs as.

Without root that is a folder in the data folder, and the present user. Root's servers run as an unprivileged user, so
theirs must be a folder which that user can reach: in the data folder if possible, else under /var/lib, with a note of
it.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from falconbus.platform.runtime.errors import CannotRun
from falconbus.platform.runtime.parent_death import User
from falconbus.platform.runtime.paths import UNPRIVILEGED, DataFolder

OUTSIDE = Path("/var/lib/falconbus")


@dataclass(frozen=True)
class DataLocation:
    """A server's own folder, and the user it runs as (None: the present user)."""

    path: Path
    user: User | None

    def folder(self, name: str) -> Path:
        """Return a private folder in this one; make it when missing."""
        return make_private(self.path / name, self.user)


def make_private(path: Path, user: User | None) -> Path:
    """Make a folder that only `user` can enter and return it; of an existing one only set the owner."""
    path.mkdir(mode=0o700, exist_ok=True)
    give_to(path, user)
    return path


def give_to(path: Path, user: User | None) -> None:
    """Make `user` the owner of `path`."""
    if user:
        os.chown(path, user.uid, user.gid)


def find_data_location(data: DataFolder, name: str) -> DataLocation:
    """Return the location of the server of that name, chosen at its first start and kept since; CannotRun."""
    inside, note = data.root / name, data.root / f"{name}.home"
    if os.geteuid() != 0:
        return DataLocation(make_private(inside, None), None)
    if note.exists():
        path = Path(note.read_text().strip())
        if not path.is_dir():
            raise CannotRun(f"{path}, where {name} kept its data, is gone; delete {note} to begin anew")
        return DataLocation(path, _owner(path))
    user = _owner(inside) if inside.exists() else _unprivileged_user()
    if reaches(user, data.root):
        return DataLocation(make_private(inside, user), user)
    if inside.exists():
        raise CannotRun(f"{inside} is in a folder that its owner, user {user.uid}, can no longer enter")
    return DataLocation(_make_outside(name, note, user), user)


def reaches(user: User, path: Path) -> bool:
    """Return whether that user can enter a folder, or run a program; a process of that user tries it."""
    question = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    try:
        check = subprocess.run(question, user=user.uid, group=user.gid, extra_groups=[], cwd="/", env={}, check=False)
    except OSError as error:
        raise CannotRun(f"root may not become user {user.uid} here ({error.strerror}): run as another user") from None
    return check.returncode == 0


def reachable_program(location: DataLocation, program: Path, package: Path) -> Path:
    """Return `program`, or a copy of it (with its package) when the server's user cannot reach it."""
    if location.user is None or reaches(location.user, program):
        return program
    copy = location.path / "programs"
    # Copied at each start: a second or less, and never a version behind.
    shutil.rmtree(copy, ignore_errors=True)
    ignored = shutil.ignore_patterns("*.a", "*.py", "include", "pginstall", "__pycache__")
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.is_dir():
            shutil.copytree(folder, copy / folder.name, symlinks=True, ignore=ignored)
    for path in (copy, *copy.rglob("*")):
        os.chown(path, location.user.uid, location.user.gid, follow_symlinks=False)
    return copy / program.relative_to(package.parent)


def _make_outside(name: str, note: Path, user: User) -> Path:
    """Make a folder under OUTSIDE with a random name, so that no other project takes it for its own."""
    try:
        if not OUTSIDE.exists():
            OUTSIDE.mkdir(mode=0o711)
            OUTSIDE.chmod(0o711)  # to be passed through, not listed; mkdir obeys the umask
        path = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=OUTSIDE))
    except OSError as error:
        raise CannotRun(f"{OUTSIDE} cannot be used ({error.strerror}): set DATA_DIR to an open folder") from None
    give_to(path, user)
    note.write_text(f"{path}\n")
    return path


def _unprivileged_user() -> User:
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise CannotRun(f"no user {UNPRIVILEGED} to run the servers as: run as another user than root") from None
    return User(entry.pw_uid, entry.pw_gid)


def _owner(path: Path) -> User:
    """Return the owner of `path`, so that root does not take over another user's data."""
    status = path.stat()
    return User(status.st_uid, status.st_gid) if status.st_uid else _unprivileged_user()
