"""ZIPs from strangers: each that is no feed gets one clear line."""

import io
import zipfile
from pathlib import Path

import pytest
from flask_sqlalchemy import SQLAlchemy

from falconbus.gtfs import service
from falconbus.gtfs.errors import FeedRefused, FeedUnreadable
from falconbus.gtfs.importing import source
from falconbus.gtfs.options import ImportOptions
from falconbus.platform.database import transactions
from tests.gtfs.feeds import feed, packed, row, rows


def unreadable(place: io.BytesIO | Path) -> str:
    with pytest.raises(FeedUnreadable) as caught:
        transactions.run(lambda: service.import_feed(place, ImportOptions()))
    assert "\n" not in caught.value.detail
    assert rows("SELECT count(*) FROM stops") == [(0,)]
    return caught.value.detail


def test_what_is_no_zip(database: SQLAlchemy) -> None:
    assert unreadable(io.BytesIO(b"stop_id,stop_name\n")).startswith("the file is not a ZIP")
    assert unreadable(io.BytesIO(b"")).startswith("the file is not a ZIP")


def test_a_file_that_is_not_there(database: SQLAlchemy, tmp_path: Path) -> None:
    assert unreadable(tmp_path / "feed.zip") == f"there is no file {tmp_path / 'feed.zip'}"


def test_a_zip_of_something_else(database: SQLAlchemy, tmp_path: Path) -> None:
    assert unreadable(packed({"letter.txt": "Dear Sir"})) == "there is no stops.txt in the ZIP: it is not a GTFS feed"
    assert unreadable(tmp_path).startswith("there is no stops.txt in ")


def test_an_encrypted_zip(database: SQLAlchemy) -> None:
    content = bytearray(packed(feed()).getvalue())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = 0
        while (place := content.find(signature, place)) >= 0:
            content[place + offset] |= 1
            place += 1
    assert unreadable(io.BytesIO(bytes(content))) == "the ZIP is encrypted: pack it again without a password"


def test_a_zip_that_is_cut_off(database: SQLAlchemy) -> None:
    assert unreadable(io.BytesIO(packed(feed()).getvalue()[:-40])).startswith("the file is not a ZIP, or a damaged one")


def test_a_member_with_a_wrong_checksum(database: SQLAlchemy) -> None:
    with zipfile.ZipFile(whole := io.BytesIO(), "w", zipfile.ZIP_STORED) as archive:
        for name, content in feed().items():
            archive.writestr(name, content)
    damaged = whole.getvalue().replace(b"Beta", b"Beto", 1)
    assert unreadable(io.BytesIO(damaged)).startswith("stops.txt in the ZIP is damaged (Bad CRC-32")


def test_a_member_with_broken_compression(database: SQLAlchemy) -> None:
    content = bytearray(packed(feed()).getvalue())
    data = content.find(b"stops.txt") + len(b"stops.txt")
    content[data : data + 8] = b"\xff" * 8
    assert unreadable(io.BytesIO(bytes(content))).startswith("stops.txt in the ZIP is damaged")


def test_a_decompression_bomb(database: SQLAlchemy) -> None:
    bomb = packed({**feed(), "shapes.txt": "0" * (60 * 1024**2)})
    assert unreadable(bomb).endswith("refused as a decompression bomb")


def test_a_file_that_would_unpack_to_more_than_the_bound(database: SQLAlchemy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_UNPACKED_BYTES", 100)
    assert unreadable(packed(feed())).endswith("refused as a decompression bomb")


def test_a_feed_in_a_folder_inside_the_zip_is_read(database: SQLAlchemy) -> None:
    files = packed({**feed(), "__MACOSX/._stops.txt": "x"}, folder="feed-2026/")
    transactions.run(lambda: service.import_feed(files, ImportOptions()))
    assert row("SELECT count(*) FROM stops") == (3,)


def test_a_line_without_an_end_does_not_fill_the_memory(database: SQLAlchemy) -> None:
    with zipfile.ZipFile(buffer := io.BytesIO(), "w", zipfile.ZIP_STORED) as archive:
        for name, content in feed().items():
            archive.writestr(name, content + "x" * 2_000_000 if name == "trips.txt" else content)
    with pytest.raises(FeedRefused) as caught:
        transactions.run(lambda: service.import_feed(buffer, ImportOptions()))
    assert "the line is longer than 1000000 characters" in caught.value.report.faults[0].wrong
