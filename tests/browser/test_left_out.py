"""A machine without a browser says what it left out; where CI runs, that is a failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: A test in a browser, where there is none; the paths are of this test's own folder, for it needs no database.
WITHOUT = """
import sys
import pytest
from tests.browser import leftout
leftout.CHROMIUM, leftout.REASON = "/nonexistent", "no browser at /nonexistent"
leftout.shutil.which = lambda name: None
sys.exit(pytest.main(["-c", "/dev/null", "--rootdir", ".", "-p", "tests.browser.leftout", "-p", "no:cacheprovider"]))
"""
TEST = """
from tests.browser.conftest import program
def test_something(program):
    assert program
"""


@pytest.mark.parametrize(("ci", "code", "says"), [("", 0, "left out: 1 tests in a browser"), ("true", 1, "1 error")])
def test_without_a_browser(ci: str, code: int, says: str, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TEST)
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert says in done.stdout
    assert "no browser at /nonexistent" in done.stdout
