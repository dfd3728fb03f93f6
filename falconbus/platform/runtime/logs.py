"""Log files of bounded size."""

import os
from pathlib import Path
from typing import IO

LARGEST = 10_000_000


class BoundedLog:
    """A log that is rotated when it has grown too large; one older file is kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._open()

    def write(self, line: bytes) -> None:
        """Append a line, and flush it."""
        self._file.write(line)
        self._file.flush()
        if self._file.tell() > LARGEST:
            self._file.close()
            self._file = self._open()

    def close(self) -> None:
        self._file.close()

    def _open(self) -> IO[bytes]:
        rotate(self._path)
        return self._path.open("ab")


def rotate(path: Path) -> None:
    """Rename a log that has grown too large, over the older one."""
    if path.exists() and path.stat().st_size > LARGEST:
        path.rename(path.with_suffix(".old.log"))


def last_complaint(path: Path) -> str:
    """Return the last line that reports a fatal error, or else the very last line."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    fatal = [line for line in lines if "fatal" in line.lower()]
    return (fatal or lines or [""])[-1]
