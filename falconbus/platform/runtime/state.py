"""The locks and the state file that the users of an embedded server share with its daemon.

- `use`: every user holds it shared; the daemon, who wants it alone, gets it when the last user is gone.
- `start`: held by the one user that looks for the daemon, or starts one.
- `keeper`: held by the daemon for as long as it lives.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from falconbus.platform.runtime.paths import DataFolder


@dataclass(frozen=True)
class ServerFiles:
    """The paths of one server's locks, state and logs."""

    data: DataFolder
    name: str

    @property
    def use_lock(self) -> Path:
        return self.data.run / f"{self.name}.use.lock"

    @property
    def start_lock(self) -> Path:
        return self.data.run / f"{self.name}.start.lock"

    @property
    def daemon_lock(self) -> Path:
        return self.data.run / f"{self.name}.keeper.lock"

    @property
    def log(self) -> Path:
        return self.data.logs / f"{self.name}.log"

    @property
    def _state(self) -> Path:
        return self.data.run / f"{self.name}.json"

    def read(self) -> dict[str, str]:
        """Return what was last written; empty when nothing was, or not completely."""
        try:
            facts = json.loads(self._state.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return {str(name): str(value) for name, value in facts.items()} if isinstance(facts, dict) else {}

    def write(self, facts: Mapping[str, str], *, status: str) -> None:
        """Replace the state atomically; `status` is starting, ready, stopped or failed."""
        unfinished = self._state.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps({**facts, "status": status}))
        unfinished.rename(self._state)
