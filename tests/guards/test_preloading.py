"""What mails and papers are made with is loaded before web and workers fork, and by nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.guards.test_settings import GOOD, ROOT

_LARGE = ("fpdf", "fontTools.subset", "zxingcpp", "icalendar", "falconbus.messaging.ticket_pdf")
_LOADED = f"import sys; print([name for name in {_LARGE!r} if name in sys.modules])"
_FONTS = "from falconbus.messaging.pdf_fonts import _parse; print(_parse.cache_info().currsize)"


def output_of(program: str, folder: Path) -> str:
    environment = {**os.environ, **GOOD, "DATA_DIR": str(folder), "LOG_LEVEL": "INFO"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert "fontTools" not in done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "start",
    ["import wsgi", "import workers.app; from celery.signals import worker_init; worker_init.send(sender=None)"],
    ids=["web", "worker"],
)
def test_who_forks_has_loaded_it(tmp_path: Path, start: str) -> None:
    loaded, fonts = output_of(f"{start}; {_LOADED}; {_FONTS}", tmp_path).splitlines()
    assert (loaded, fonts) == (str(list(_LARGE)), "2")


@pytest.mark.parametrize("start", ["import workers.app", "from falconbus.app import create_app; create_app()"])
def test_beat_and_commands_do_without(tmp_path: Path, start: str) -> None:
    assert output_of(f"{start}; {_LOADED}", tmp_path) == "[]"
