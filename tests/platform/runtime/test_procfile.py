"""A Procfile is read as a host would read it."""

from pathlib import Path

import pytest

from falconbus.platform.runtime.errors import CannotRun
from falconbus.platform.runtime.paths import PROJECT
from falconbus.platform.runtime.procfile import read_procfile, split_command


def _procfile(folder: Path, text: str) -> Path:
    path = folder / "Procfile"
    path.write_text(text)
    return path


def test_names_and_commands_keep_their_order(tmp_path: Path) -> None:
    path = _procfile(tmp_path, "# comment\nweb: serve --port 1\n\nworker:   work: hard\n")
    assert list(read_procfile(path).items()) == [("web", "serve --port 1"), ("worker", "work: hard")]


@pytest.mark.parametrize("text", ["no colon here", "web:", "web: a\nweb: b", "we b: a"])
def test_a_line_that_names_no_command_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CannotRun, match=r"line [12] of"):
        read_procfile(_procfile(tmp_path, text))


def test_a_missing_procfile_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="cannot be read: No such file"):
        read_procfile(tmp_path / "Procfile")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("serve $PORT", ["serve", "80"]),
        ("serve ${PORT}/x", ["serve", "80/x"]),
        ("serve ${MISSING:-9 9}", ["serve", "${MISSING:-9", "9}"]),
        ("serve '${MISSING:-9 9}'", ["serve", "9 9"]),
        ("serve ${EMPTY:-9}", ["serve", "9"]),
        ("serve ${MISSING}", ["serve", ""]),
        ('serve "${FOLDER:-.falcon}/beat"', ["serve", "/a folder/beat"]),
        ("serve ${FOLDER}", ["serve", "/a folder"]),
    ],
)
def test_variables_are_expanded_within_their_argument(command: str, words: list[str]) -> None:
    assert split_command(command, {"PORT": "80", "EMPTY": "", "FOLDER": "/a folder"}) == words


def test_an_open_quote_is_refused() -> None:
    with pytest.raises(CannotRun, match="No closing quotation"):
        split_command("serve 'x", {})


def test_ours_has_what_a_host_needs() -> None:
    assert {"release", "web", "worker", "beat"} <= set(read_procfile(PROJECT / "Procfile"))
