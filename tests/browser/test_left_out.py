"""A machine without a browser says what it left out; where CI runs, that is a failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: The browser's tests, as they are where there is none.
WITHOUT = """
import sys
import pytest
from tests.browser import leftout
leftout.CHROMIUM, leftout.REASON = "/nonexistent", "no browser at /nonexistent"
leftout.shutil.which = lambda name: None
sys.exit(pytest.main(["-n", "0", "-p", "no:cacheprovider", "tests/browser/test_signing_in.py", "-k", "script_cannot"]))
"""


@pytest.mark.parametrize(("ci", "code", "says"), [("", 0, "left out: 1 tests in a browser"), ("true", 1, "1 error")])
def test_without_a_browser(ci: str, code: int, says: str) -> None:
    environment = {**os.environ, "CI": ci, "PYTEST_ADDOPTS": ""}
    environment.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout
    assert says in done.stdout
    assert "no browser at /nonexistent" in done.stdout
