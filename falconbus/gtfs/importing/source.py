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

    #: What is unusual about the files and does no harm.
    notes: list[str]

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes, or None if it is missing."""

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading."""


class Folder:
    """A feed in a folder of text files, or in a folder in it."""

    def __init__(self, path: Path) -> None:
        self.notes: list[str] = []
        names = [file.relative_to(path).as_posix() for file in path.rglob("*.[tT][xX][tT]") if file.is_file()]
        self._files = {name: path / place for name, place in _find_feed(names, path.name, self.notes).items()}

    def size(self, name: str) -> int | None:
        return self._files[name].stat().st_size if name in self._files else None

    def open(self, name: str) -> IO[bytes]:
        return self._files[name].open("rb")


class Archive:
    """A feed in a ZIP; its files may be in a folder inside. Sizes are limited before anything is unpacked."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.notes: list[str] = []
        self._archive = archive
        members = {info.filename: info for info in archive.infolist() if not info.is_dir()}
        files = _find_feed(list(members), "the ZIP", self.notes)
        self._members = {name: members[place] for name, place in files.items()}
        self._check()

    def size(self, name: str) -> int | None:
        return self._members[name].file_size if name in self._members else None

    def open(self, name: str) -> IO[bytes]:
        return self._archive.open(self._members[name])

    def _check(self) -> None:
        members = self._members.values()
        if any(info.flag_bits & 1 for info in members):
            raise FeedUnreadable("the ZIP is encrypted: pack it again without a password")
        unpacked, packed = sum(info.file_size for info in members), sum(info.compress_size for info in members)
        if unpacked > MAX_UNPACKED_BYTES or (unpacked > _HARMLESS_BYTES and unpacked > packed * _MAX_RATIO):
            raise FeedUnreadable(
                f"the ZIP would unpack {packed // 1024} KB to {unpacked // 1024**2} MB: refused as a decompression bomb"
            )


def _find_feed(places: list[str], where: str, notes: list[str]) -> dict[str, str]:
    """Return the places of the feed's files by their names in small letters; FeedUnreadable without one feed."""
    places = [place for place in places if "__MACOSX" not in place.split("/")]
    folders = {place.rpartition("/")[0] for place in places if place.rpartition("/")[2].lower() == _REQUIRED_FILE}
    if "" in folders:
        folders = {""}
    if not folders:
        packed = next((place for place in places if place.lower().endswith(".zip")), None)
        hint = f": unpack it first, there is {packed} in it" if packed else ": it is not a GTFS feed"
        raise FeedUnreadable(f"there is no {_REQUIRED_FILE} in {where}{hint}")
    if len(folders) > 1:
        raise FeedUnreadable(f"there are several feeds in {where}, in {', '.join(sorted(folders))}: import one by one")
    (folder,) = folders
    names = {place: place.rpartition("/")[2] for place in places if place.rpartition("/")[0] == folder}
    capital = sorted(name for name in names.values() if name != name.lower())
    if capital:
        notes.append(f"names of files are written in capitals ({', '.join(capital[:3])}): they are read all the same")
    # The one in small letters wins where there are both.
    return {name.lower(): place for place, name in sorted(names.items(), key=lambda item: item[1])}


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
