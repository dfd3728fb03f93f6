"""The environment in which the app runs: the given settings, with defaults for the missing ones."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from falconbus.platform.runtime.paths import PROJECT, DataFolder
from falconbus.platform.runtime.servers import Servers

#: Invalid addresses, for the help texts or checking the other settings while no server runs.
PLACEHOLDERS = {
    "DATABASE_URL": "postgresql+psycopg://nobody@/none?host=/nonexistent",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SECRET_KEY": "0" * 64,
}


def given(environment: Mapping[str, str], name: str) -> bool:
    """Return whether a setting has a value; an empty one counts as none."""
    return bool(environment.get(name, "").strip())


def with_placeholders(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with placeholders for the settings that need a server or a data folder."""
    missing = {name: value for name, value in PLACEHOLDERS.items() if not given(environment, name)}
    return {**environment, **missing}


def servers_needed(data: DataFolder, environment: Mapping[str, str]) -> Servers:
    """Return the embedded servers that replace the addresses that were not given."""
    wanted = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
    return Servers(data, [server for server, setting in wanted.items() if not given(environment, setting)])


def complete(
    environment: Mapping[str, str], data: DataFolder, facts: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Return the environment with the embedded servers' addresses, and the secret key of the data folder."""
    full = {**environment, "DATA_DIR": str(data.root)}
    if "postgres" in facts:
        full["DATABASE_URL"] = facts["postgres"]["url"]
    if "valkey" in facts:
        full["REDIS_URL"] = facts["valkey"]["url"]
        if not given(environment, "CACHE_REDIS_URL"):
            full["CACHE_REDIS_URL"] = facts["valkey"]["cache_url"]
    if facts:
        full["EMBEDDED"] = "1"
    if not given(environment, "SECRET_KEY"):
        full["SECRET_KEY"] = secret_key(data.root / "secret_key")
    return full


def for_children(environment: Mapping[str, str], programs: Path) -> dict[str, str]:
    """Return the environment of a child: our programs first in PATH, our modules found, output unbuffered."""
    return {
        **environment,
        "PATH": f"{programs}{os.pathsep}{environment.get('PATH', os.defpath)}",
        "PYTHONPATH": str(PROJECT),
        "PYTHONUNBUFFERED": "1",
    }


def secret_key(path: Path) -> str:
    """Return the key kept in that file; make it at the first call."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        unfinished.touch(mode=0o600)
        unfinished.write_text(secrets.token_hex(32))
        try:
            path.hardlink_to(unfinished)
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
    return path.read_text().strip()
