"""The peers' own virtual environment: their packages are not in our lock file and not installed beside ours."""

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from benchmarks.environment import RESULTS, ROOT
from benchmarks.recorders.measured import MeasuredServer

LOCK = ROOT / "benchmarks" / "recording-peers.lock"
_FOLDER = RESULTS / "data" / "recording-peers"
_STAMP = _FOLDER / "lock.sha256"


def python() -> Path:
    """Return the environment's interpreter, rebuilt when the lock file has changed; CalledProcessError offline."""
    interpreter = _FOLDER / "bin" / "python"
    stamp = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not (_STAMP.exists() and _STAMP.read_text() == stamp):
        print("making the peers' environment ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(_FOLDER)], check=True)
        install = ["-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "--requirement"]
        subprocess.run([str(interpreter), *install, str(LOCK)], check=True)
        _STAMP.write_text(stamp)
    return interpreter


class Peer(MeasuredServer):
    """A web server in that environment, running the small app under one monitor."""

    def __init__(self, name: str, interpreter: Path, settings: Mapping[str, str]) -> None:
        super().__init__(name, ("benchmarks.recorders.gunicorn_conf", "benchmarks.recorders.peers:app"), settings)
        self._interpreter = interpreter

    def __enter__(self) -> Self:
        RESULTS.mkdir(exist_ok=True)
        configuration, app = self._program
        with (RESULTS / f"{self.name}.log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._interpreter, "-m", "gunicorn", "--config", f"python:{configuration}", app],
                cwd=ROOT,
                env=self._settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait_until_it_listens()
        return self
