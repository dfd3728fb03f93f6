"""Who sends the present request, as a name under which it can be counted and which tells nobody their address."""

from ipaddress import ip_network

from flask import has_request_context, request

from falconbus.platform.kit import references
from falconbus.platform.kit.settings import get_settings

_LENGTH = 16
#: What one customer of a provider usually has of IPv6.
_IPV6_PREFIX = 64


def pseudonym() -> str | None:
    """Return a keyed hash of the client's address, of IPv6 of its network; None outside a request."""
    if not has_request_context() or request.remote_addr is None:
        return None
    return references.signature(get_settings().secret_key, "client", _network(request.remote_addr))[:_LENGTH]


def _network(address: str) -> str:
    if ":" not in address:
        return address
    return str(ip_network((address.partition("%")[0], _IPV6_PREFIX), strict=False))
