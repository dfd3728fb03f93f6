"""What one room takes of another: use cases, tables, refusals; never its addresses, shapes or reads."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APP = ROOT / "falconbus"
#: Rooms of their own inside these.
NESTED = ("platform", "scheduling", "performance")
PRIVATE = ("views", "schemas", "queries")

#: Taken all the same, with the reason.
EXCEPTIONS = {
    (
        "checkout",
        "falconbus.bookings.schemas",
    ): "who cancels is answered with the booking, in the shape that bookings has",
}

FILES = sorted(
    path
    for path in APP.rglob("*.py")
    if "platform" not in path.parts and path.parent != APP and path.name != "__init__.py"
)


def feature_of(module: str) -> str:
    """`falconbus.scheduling.crews.service` -> `scheduling`."""
    return module.split(".")[1]


def is_private(module: str) -> bool:
    last = module.rsplit(".", 1)[-1]
    return last in PRIVATE or last.endswith(tuple(f"_{kind}" for kind in PRIVATE))


def foreign_imports(feature: str, source: str) -> Iterator[str]:
    """The private modules of other features that a file imports, or imports from."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("falconbus."):
            module = node.module or ""
            for name in (module, *(f"{module}.{alias.name}" for alias in node.names)):
                if name.count(".") >= 2 and is_private(name) and feature_of(name) not in {feature, "platform"}:
                    yield name


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(APP)))
def test_nobody_takes_another_features_addresses_shapes_or_reads(path: Path) -> None:
    feature = path.relative_to(APP).parts[0]
    taken = {
        name
        for name in foreign_imports(feature, path.read_text())
        if (feature, ".".join(name.split(".")[:3])) not in EXCEPTIONS
    }
    assert taken == set()


def test_a_foreign_import_is_seen() -> None:
    planted = "from falconbus.bookings import queries, service\nfrom falconbus.network.fleet_schemas import BusOut\n"
    assert set(foreign_imports("checkout", planted)) == {
        "falconbus.bookings.queries",
        "falconbus.network.fleet_schemas",
    }
    assert set(foreign_imports("bookings", planted)) == {"falconbus.network.fleet_schemas"}


def test_every_room_has_its_inner_layers_kept() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (kept,) = [contract for contract in contracts if contract["name"] == "Imports point down inside a room"]
    parents = (APP, *(APP / name for name in NESTED if name != "platform"))
    rooms = {
        f"falconbus.{'.'.join(folder.relative_to(APP).parts)}"
        for parent in parents
        for folder in parent.iterdir()
        if (folder / "__init__.py").exists() and folder.name not in NESTED
    }
    assert set(kept["containers"]) == rooms
