"""Restored data goes into its place, and what was there stays whole beside it."""

from pathlib import Path

import pytest

from falconbus.platform.backups.restoring import LEFT_LOG, put_in_place
from falconbus.platform.runtime.data_location import DataLocation


@pytest.mark.parametrize("existed", [True, False])
def test_log_that_could_not_be_stored_stays_with_the_data_it_belongs_to(tmp_path: Path, existed: bool) -> None:
    location, place = (DataLocation(tmp_path / name, user=None) for name in ("postgres", "restoring"))
    for folder in (location.path / "wal", place.path / "data"):
        folder.mkdir(parents=True)
    (place.path / "data" / "row").write_text("restored")
    (location.path / "wal" / "000000010000000000000007").write_text("log")
    if existed:
        (location.path / "data").mkdir()
        (location.path / "data" / "row").write_text("before")
    aside = put_in_place(place, location)
    assert (location.path / "data" / "row").read_text() == "restored"
    assert list((location.path / "wal").iterdir()) == []
    assert (aside is not None) == existed
    if aside is not None:
        assert (aside / "row").read_text() == "before"
        assert [path.read_text() for path in (aside / LEFT_LOG).iterdir()] == ["log"]
