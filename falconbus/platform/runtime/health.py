"""Health checks of the web process."""

import socket
from http.client import HTTPConnection, HTTPException

from falconbus.platform.runtime.errors import CannotRun

#: Whether it can sell: the workers start beside it.
PATH = "/api/health/ready"


def reachable_host(host: str) -> str:
    """Return the address by which this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  compared, not bound


def web_address(host: str, port: int) -> str:
    """Return the address to open in a browser on this machine."""
    name = reachable_host(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def check_health(host: str, port: int) -> str:
    """Return what is wrong with the web process, in a few words; empty when it is healthy."""
    connection = HTTPConnection(reachable_host(host), port, timeout=2)
    try:
        connection.request("GET", PATH)
        response = connection.getresponse()
        body = response.read(500).decode(errors="replace")
    except (OSError, HTTPException) as error:
        return f"no answer ({error})"
    finally:
        connection.close()
    return "" if response.status == 200 else f"{response.status} {body}"


def check_port(name: str, host: str, port: int, remedy: str) -> None:
    """Raise CannotRun, with the process that wants it and a remedy, when the port is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OverflowError:
            raise CannotRun(f"{name} cannot listen on port {port}: there is none; choose another by {remedy}") from None
        except OSError as error:
            raise CannotRun(
                f"{name} cannot listen on {host} port {port}: {error.strerror}; choose another by {remedy}"
            ) from None
