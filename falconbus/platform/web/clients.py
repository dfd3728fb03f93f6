"""Clients by their network address, in one spelling: whom limits count when nothing else tells callers apart."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from flask import request

# What proxies write in X-Forwarded-For: 192.0.2.7:5123, [2001:db8::7], [2001:db8::7]:5123.
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|([^:\[\]]+):\d+")
#: The network that an IPv6 customer is given at the least, and whose addresses are all one's own (RFC 6177).
_IPV6_NETWORK = 64
#: Where NAT64 puts all of IPv4, each address in the last 32 bits (RFC 6052): strangers to one another in one /64.
_NAT64 = ip_network("64:ff9b::/96")


def present_client() -> str:
    """Return the client of the present request."""
    return client_of(request.remote_addr or "")


@lru_cache(maxsize=10_000)
def client_of(address: str) -> str:
    """Return an IPv4 address, or the /64 network of an IPv6 one; what is no address as it is, cut to 64 characters."""
    matched = _WITH_PORT.fullmatch(address.strip())
    text = (matched[1] or matched[2]) if matched else address.strip()
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return text[:64]
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    if found in _NAT64:
        return str(IPv4Address(found.packed[-4:]))
    return str(ip_network((found, _IPV6_NETWORK), strict=False))
