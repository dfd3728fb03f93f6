"""Opens a feed's files from a folder or a ZIP. A ZIP is not trusted: its sizes are checked first."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Protocol

from falconbus.gtfs.errors import FeedUnreadable

MAX_UNPACKED_BYTES = 2 * 1024**3
# Text compresses 5 to 30 times, sorted timetables up to 100; a higher ratio in a large file is an attack.
_MAX_RATIO = 250
_HARMLESS_BYTES = 50 * 1024**2
_REQUIRED_FILE = "stops.txt"
_DAMAGE_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


class Source(Protocol):
    """Access to a feed's files by name."""

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes, or None if it is missing."""

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading."""


class Folder:
    """A feed in a folder of text files."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not (path / _REQUIRED_FILE).is_file():
            raise FeedUnreadable(f"{path.name} has no {_REQUIRED_FILE}: it is not a GTFS feed")

    def size(self, name: str) -> int | None:
        path = self._path / name
        return path.stat().st_size if path.is_file() else None

    def open(self, name: str) -> IO[bytes]:
        return (self._path / name).open("rb")


class Archive:
    """A feed in a ZIP; its files may be in one folder inside. Sizes are limited before anything is unpacked."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        members = {info.filename: info for info in archive.infolist() if not info.is_dir()}
        folder = self._folder(list(members))
        self._members = {
            name.rpartition("/")[2]: info for name, info in members.items() if name.rpartition("/")[0] == folder
        }
        self._check()

    def size(self, name: str) -> int | None:
        return self._members[name].file_size if name in self._members else None

    def open(self, name: str) -> IO[bytes]:
        return self._archive.open(self._members[name])

    @staticmethod
    def _folder(names: list[str]) -> str:
        folders = [name.rpartition("/")[0] for name in names if name.rpartition("/")[2] == _REQUIRED_FILE]
        shallow = [folder for folder in folders if "/" not in folder and folder != "__MACOSX"]
        if "" in shallow:
            return ""
        if len(shallow) == 1:
            return shallow[0]
        raise FeedUnreadable(f"there is no {_REQUIRED_FILE} in the ZIP: it is not a GTFS feed")

    def _check(self) -> None:
        members = self._members.values()
        if any(info.flag_bits & 1 for info in members):
            raise FeedUnreadable("the ZIP is encrypted: pack it again without a password")
        unpacked, packed = sum(info.file_size for info in members), sum(info.compress_size for info in members)
        if unpacked > MAX_UNPACKED_BYTES or (unpacked > _HARMLESS_BYTES and unpacked > packed * _MAX_RATIO):
            raise FeedUnreadable(
                f"the ZIP would unpack {packed // 1024} KB to {unpacked // 1024**2} MB: refused as a decompression bomb"
            )


@contextmanager
def open_source(location: Path | BinaryIO) -> Iterator[Source]:
    """Open a feed in a folder, or in a ZIP given by path or as an open file; FeedUnreadable when it is none.

    Damage found later, while a file is read (a wrong checksum, a cut end), raises FeedUnreadable as well.
    """
    with ExitStack() as stack:
        if isinstance(location, Path) and location.is_dir():
            yield Folder(location)
        else:
            yield Archive(stack.enter_context(_open_zip(location)))


def _open_zip(location: Path | BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(location)
    except FileNotFoundError:
        raise FeedUnreadable(f"there is no file {location}") from None
    except _DAMAGE_ERRORS as fault:
        raise FeedUnreadable(f"the file is not a ZIP, or a damaged one ({fault})") from None


@contextmanager
def translate_damage(name: str) -> Iterator[None]:
    """Raise FeedUnreadable for errors while `name` is unpacked."""
    try:
        yield
    except _DAMAGE_ERRORS as fault:
        raise FeedUnreadable(f"{name} in the ZIP is damaged ({fault}): fetch the feed again") from None
