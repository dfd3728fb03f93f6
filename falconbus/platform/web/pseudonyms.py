"""Names under which clients are counted in the database, and which tell nobody who they are."""

from flask import has_request_context, request

from falconbus.platform.kit import references
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.api_keys import present_key
from falconbus.platform.web.clients import present_client

_LENGTH = 16
#: No base64, so that no other pseudonym begins so.
_OF_KEY = "key:"


def present_pseudonym() -> str | None:
    """Return a keyed hash of the present client's address, or its API key's number; None outside a request.

    The address of a site with a key is that of its server, and not its travellers'.
    """
    if not has_request_context() or request.remote_addr is None:
        return None
    if (key := present_key()) is not None:
        return f"{_OF_KEY}{key.id}"
    return references.signature(get_settings().secret_key, "client", present_client())[:_LENGTH]


def is_keyed(client: str) -> bool:
    """Tell whether a pseudonym is that of a site with a key."""
    return client.startswith(_OF_KEY)
