"""Hosts: the names under which the system is asked for; a request by any other is refused (docs/settings.md).

A name that anybody can send gets into answers sooner or later, and a name of somebody else's that leads here makes
our pages theirs for a browser (DNS rebinding).
"""

import re
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, current_app, request

from config import Settings
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.web.declarations import operation_of

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


class UnknownHost(DomainError):
    status = 400
    code = "unknown_host"
    title = "This system does not answer to that host"


def init_app(app: Flask, settings: Settings) -> None:
    """Refuse requests to `app` by hosts other than PUBLIC_URL's, those of TRUSTED_HOSTS and this machine's own names.

    Embedded, whoever runs it may reach it by any address of the machine: an address in place of a name is taken.
    """
    known = {public_host(settings), *_LOCAL_NAMES, *settings.trusted_hosts}
    families = tuple(name for name in known if name.startswith("."))

    @lru_cache(maxsize=256)
    def is_known(host: str) -> bool:
        name = name_of(host)
        return name in known or name.endswith(families) or (settings.embedded and is_address(name))

    def check_host() -> None:
        # Without one, as in HTTP/1.0, there is nothing to believe.
        host = request.environ.get("HTTP_HOST")
        if host is not None and not is_known(host) and not _is_for_probes():
            raise UnknownHost("if it is yours: make it PUBLIC_URL, or name it in TRUSTED_HOSTS")

    app.before_request(check_host)


def public_host(settings: Settings) -> str:
    """Return the name in PUBLIC_URL as a Host header has it."""
    name = urlsplit(settings.public_url).hostname or ""
    return name if name.isascii() else name.encode("idna").decode()


def name_of(host: str) -> str:
    """Return the name in a Host header, in lower case, without port and brackets; empty when it is no host."""
    matched = _HOST.fullmatch(host)
    return matched[1].strip("[]").rstrip(".").lower() if matched else ""


def is_address(name: str) -> bool:
    """Tell whether a name is an IP address."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def is_local(name: str) -> bool:
    """Tell whether a name or an address is that of the machine itself, as it sees itself."""
    return name in _LOCAL_NAMES or (is_address(name) and ip_address(name).is_loopback)


def _is_for_probes() -> bool:
    """Health checks and Prometheus ask each process by its own address."""
    view = current_app.view_functions.get(request.endpoint or "")
    declared = None if view is None else operation_of(view)
    return declared is not None and declared.by_any_host
