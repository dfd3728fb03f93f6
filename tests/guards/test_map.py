"""The map names every room, and every path in the documents is there."""

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "ARCHITECTURE.md").read_text()
DOCUMENTS = [ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "README.md")] + sorted(
    (ROOT / "docs").rglob("*.md")
)
#: Where a document may begin a path: from the root, or from a folder that it has named before.
BEGINNINGS = ("", "falconbus", "falconbus/platform", "falconbus/scheduling", "falconbus/performance", "tests")
#: Named in the row of their feature.
_PERFORMANCE = re.findall(r"`(\w+)`", MAP.split("| `performance` |")[1].split("|")[0])
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


def first_cells() -> set[str]:
    """The names in the first column of the map's tables."""
    rows = re.findall(r"^\| ([^|]+) \|", MAP, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([a-z_.]+)`", row)}


def drawn_edges() -> set[tuple[str, str]]:
    """The arrows between rooms in the map's picture; what leads to `top` leads to all that stands there."""
    names = {"top": ["site", "performance"], "outside": ["integrations", "runtime", "design"]}
    edges = set()
    picture = re.sub(r"\[[^\]]*\]", "", MAP.split("```mermaid")[1].split("```")[0])
    for line in picture.splitlines():
        stops = [stop.strip() for stop in line.split("-->")]
        for upper, lower in pairwise(stops):
            edges |= {(one, other) for one in names.get(upper, [upper]) for other in names.get(lower, [lower])}
    return edges


def layers(name: str) -> list[list[str]]:
    """A contract's layers, from the top."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = [contract for contract in contracts if contract["name"] == name]
    return [re.findall(r"\w+", layer) for layer in contract["layers"]]


@pytest.mark.parametrize("contract", ["Imports point down", "Imports point down inside the platform"])
def test_the_picture_shows_the_layers_that_are_kept(contract: str) -> None:
    kept = {
        (upper, lower)
        for uppers, lowers in pairwise(layers(contract))
        for upper in uppers
        for lower in lowers
        if not {upper, lower} & {"__main__", "release", "app", "registry"}
    }
    assert kept <= drawn_edges()


@pytest.mark.parametrize("room", rooms())
def test_every_room_is_in_the_map(room: str) -> None:
    named = first_cells() | {"platform"} | set(_PERFORMANCE)
    assert room.rsplit("/", 1)[-1].removesuffix(".py") in {name.removesuffix(".py") for name in named}


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


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_document_holds_a_placeholder(document: Path) -> None:
    assert re.findall(r"^[A-Z]+(?:_[A-Z]+)+$", document.read_text(), re.MULTILINE) == []
