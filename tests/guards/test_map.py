"""The map names every room, and every path in the documents is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "ARCHITECTURE.md").read_text()
DOCUMENTS = [ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "README.md")] + sorted(
    (ROOT / "docs").rglob("*.md")
)
#: Where a document may begin a path: from the root, or from a folder that it has named before.
BEGINNINGS = ("", "falconbus", "falconbus/platform", "falconbus/scheduling", "falconbus/performance", "tests")
_PATH = re.compile(r"`([a-z_]+(?:/[a-zA-Z_<>]+)*(?:\.(?:py|md|html|sql|json)|/))(?:::?[\w:]+)?`")


def rooms() -> list[str]:
    """Every folder of the app that holds a room: features, and the rooms of those that have rooms of their own."""
    app = ROOT / "falconbus"
    nested = ("platform", "scheduling", "performance")
    return [
        str(folder.relative_to(app))
        for parent in (app, *(app / name for name in nested))
        for folder in sorted(parent.iterdir())
        if (folder / "__init__.py").exists()
    ]


def named_paths(text: str) -> list[str]:
    """The files and folders that a document names, but for patterns such as tests/<feature>/."""
    return [path for path in _PATH.findall(text) if "<" not in path]


@pytest.mark.parametrize("room", rooms())
def test_every_room_is_in_the_map(room: str) -> None:
    assert f"`{room.rsplit('/', 1)[-1]}`" in MAP or f"`{room}/`" in MAP, (
        f"ARCHITECTURE.md does not say what {room} holds"
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_in_a_document_is_there(document: Path) -> None:
    files = {path.name for path in (*(ROOT / "falconbus").rglob("*.py"), *(ROOT / "tests").rglob("*.py"))}
    gone = [
        path
        for path in named_paths(document.read_text())
        if not any((ROOT / beginning / path).exists() for beginning in BEGINNINGS) and path not in files
    ]
    assert gone == []


def test_a_room_without_a_line_and_a_path_that_is_gone_are_seen() -> None:
    assert named_paths("see `kit/redis_line.py`, `tests/<feature>/` and `bookings/models.py:12`") == [
        "kit/redis_line.py", "bookings/models.py",
    ]  # fmt: skip
    assert not (ROOT / "falconbus" / "kit" / "redis_line.py").exists()
