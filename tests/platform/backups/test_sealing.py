"""Stored files: what is written is read, in pieces; what is not is refused, and a full disk is named."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from falconbus.platform.backups import sealing
from falconbus.platform.backups.errors import BackupFailed, Damaged, Unsealed, one_line

KEY = "k" * 32


def _write(path: Path, content: bytes, key: str | None, label: str = "label") -> sealing.StoredFile:
    writer = sealing.Writer(path, key, label)
    try:
        writer.write(content)
        return writer.finish()
    finally:
        writer.close()


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow beyond a megabyte, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
@pytest.mark.parametrize(
    "content",
    [b"", b"one", os.urandom(3 * sealing.PIECE + 1), bytes(9 * sealing.PIECE)],
    ids=["nothing", "three bytes", "noise", "zeros"],
)
def test_what_is_written_is_read_in_small_pieces(tmp_path: Path, content: bytes, key: str | None) -> None:
    stored = _write(tmp_path / "file", content, key)
    pieces = list(sealing.read(tmp_path / "file", key, "label"))
    assert b"".join(pieces) == content
    assert all(len(piece) <= sealing.PIECE for piece in pieces)
    assert stored == sealing.StoredFile("file", (tmp_path / "file").stat().st_size, sealing.checksum(tmp_path / "file"))


def test_pieces_cut_off_at_their_border_or_of_another_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    _write(path, os.urandom(3 * sealing.PIECE), KEY)
    whole = path.read_bytes()
    with pytest.raises(Damaged):
        list(sealing.read(path, KEY, "another label"))
    head = len(whole) - 3 * (sealing.PIECE + 17)
    for length in (0, 10, len(whole) // 2, sealing.PIECE + 17 + head % (sealing.PIECE + 17), len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises((Damaged, Unsealed), match=str(path)):
            list(sealing.read(path, KEY, "label"))


@pytest.mark.usefixtures("small_files")
def test_a_full_disk_is_one_line_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match=f"no space is left for {tmp_path}/file"), one_line():
        _write(tmp_path / "file", os.urandom(4 * sealing.PIECE), None)
