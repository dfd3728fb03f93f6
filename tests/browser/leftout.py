"""Without a browser its tests are left out, and the end of the run says so; where CI runs, that is a failure."""

import os
import shutil
from pathlib import Path

import pytest

#: Debian's; Playwright is not let download one.
CHROMIUM = "/usr/bin/chromium"
REASON = f"no browser at {CHROMIUM} (apt-get install chromium)"


def need_chromium() -> str:
    """The browser's program; the test is left out when there is none."""
    found = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium")
    if found is None:
        if os.environ.get("CI", "").lower() in {"true", "1"}:
            pytest.fail(REASON)
        pytest.skip(REASON)
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests were left out for want of a browser."""
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and REASON in report.longrepr[2]
    ]
    if skipped:
        terminalreporter.write_line(f"left out: {len(skipped)} tests in a browser, as there is {REASON}", yellow=True)
