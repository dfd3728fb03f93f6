"""A command that was told of no data folder says so when `up` runs on another one."""

from pathlib import Path

from falconbus.platform.runtime.elsewhere import caution, note_up
from falconbus.platform.runtime.locks import locked
from falconbus.platform.runtime.paths import PROJECT, DataFolder


def test_a_command_says_that_up_runs_on_another_folder(data: DataFolder, tmp_path: Path) -> None:
    data.make()
    note = tmp_path / "note"
    assert caution({}, note) is None, "no `up` has run"
    note_up(data, note)
    assert caution({}, note) is None, "it has ended"
    with locked(data.run / "up.lock"):
        assert caution({}, note) == (
            f"this is of {PROJECT / '.falcon'}, and `up` runs on {data.root}: for that, put DATA_DIR={data.root} before"
        )
        assert caution({"DATA_DIR": str(tmp_path)}, note) is None, "who names a folder means it"
