"""Habits as tests: direction of imports, sizes of files and functions, imports at the top."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_FILE, LONGEST_FUNCTION = 300, 40

#: Longer than the rule, with the reason.
EXCEPTIONS: dict[str, str] = {}

FILES = sorted(
    path
    for folder in ("falconbus", "workers", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if "results" not in path.parts
)


def test_imports_point_down() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_keep_their_size_and_import_at_the_top(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    source = path.read_text()
    tree = ast.parse(source)
    if name not in EXCEPTIONS:
        assert len(source.splitlines()) <= LONGEST_FILE
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= LONGEST_FUNCTION or f"{name}:{node.name}" in EXCEPTIONS, f"{node.name} has {length} lines"
            inner = [each for each in ast.walk(node) if isinstance(each, ast.Import | ast.ImportFrom)]
            assert not inner, f"{node.name} imports inside"


def test_only_the_clock_knows_the_time() -> None:
    forbidden = ("datetime.now(", "datetime.utcnow(", "date.today(", "datetime.today(")
    for path in FILES:
        if path.name != "clock.py" and path.is_relative_to(ROOT / "falconbus"):
            assert not any(call in path.read_text() for call in forbidden), f"{path.name} asks the time by itself"


def test_exceptions_are_still_needed() -> None:
    names = {str(path.relative_to(ROOT)) for path in FILES}
    assert {entry.split(":")[0] for entry in EXCEPTIONS} <= names
