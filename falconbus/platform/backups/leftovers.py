"""What a restore that failed has made: an empty data folder would pass for the line's own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from falconbus.platform.runtime.paths import DataFolder


@dataclass
class Attempt:
    """A restore; what it has made stays once `has_succeeded`."""

    has_succeeded: bool = False


@contextmanager
def attempt(data: DataFolder) -> Iterator[Attempt]:
    """Remove the server's folder, and the data folder, that were not there before, unless the attempt succeeds."""
    folder, note = data.root / "postgres", data.root / "postgres.home"
    missing = [path for path in (folder, note, data.root) if not path.exists()]
    made = Attempt()
    try:
        yield made
    finally:
        if not made.has_succeeded:
            if note in missing and note.exists():
                shutil.rmtree(Path(note.read_text().strip()), ignore_errors=True)
            for path in missing:
                if path == note:
                    note.unlink(missing_ok=True)
                else:
                    shutil.rmtree(path, ignore_errors=True)
