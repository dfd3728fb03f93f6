"""Where `up` runs, for commands that were told of no data folder and would answer from another one unsaid."""

import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path

from falconbus.platform.runtime.environment import given
from falconbus.platform.runtime.locks import is_locked
from falconbus.platform.runtime.paths import DataFolder, data_folder

NOTE = Path(sys.prefix) / "falcon-up"


def note_up(data: DataFolder, note: Path = NOTE) -> None:
    """Note the folder on which `up` runs; packages that cannot be written to keep no note."""
    with contextlib.suppress(OSError):
        note.write_text(str(data.root))


def caution(environment: Mapping[str, str], note: Path = NOTE) -> str | None:
    """Return what to say when `up` runs on another folder than the one that is used because none was named."""
    own = data_folder(environment)
    if given(environment, "DATA_DIR") or _is_up(own):
        return None
    with contextlib.suppress(OSError):
        other = DataFolder(Path(note.read_text()))
        if _is_up(other):
            return f"this is of {own.root}, and `up` runs on {other.root}: for that, put DATA_DIR={other.root} before"
    return None


def _is_up(data: DataFolder) -> bool:
    lock = data.run / "up.lock"
    return lock.exists() and is_locked(lock)
