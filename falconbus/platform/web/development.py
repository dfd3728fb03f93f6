"""What only a developer at the machine itself may see; with any doubt nobody may."""

from flask import request

from config import Settings
from falconbus.platform.web.hosts import is_local, name_of, public_host

#: What proxies add to a request (a prefix each), as WSGI has it.
_FORWARDING = (
    "HTTP_FORWARDED", "HTTP_X_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA", "HTTP_CLIENT_IP", "HTTP_X_CLIENT_IP",
    "HTTP_X_CLUSTER_CLIENT_IP", "HTTP_X_ORIGINAL_", "HTTP_TRUE_CLIENT_IP", "HTTP_CF_", "HTTP_FASTLY_", "HTTP_CDN_LOOP",
    "HTTP_X_ENVOY_", "HTTP_X_AMZN_", "HTTP_X_APPENGINE_", "HTTP_X_AZURE_",
)  # fmt: skip


def is_for_development(settings: Settings) -> bool:
    """Tell whether the system runs on somebody's desk: with servers of its own, for no site, behind no proxy."""
    return settings.embedded and settings.trusted_proxies == 0 and is_local(public_host(settings))


def is_on_this_machine() -> bool:
    """Tell whether the present request came from this machine, by a local name, over a loopback socket, by no proxy.

    A plain proxy gives itself away by the version that it speaks, HTTP/1.0; a foreign name that leads here is DNS
    rebinding.
    """
    environ = request.environ
    if any(name.startswith(_FORWARDING) for name in environ) or environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return False
    ends = (environ.get("REMOTE_ADDR", ""), environ.get("SERVER_NAME", ""), name_of(environ.get("HTTP_HOST", "")))
    return all(is_local(end) for end in ends)
