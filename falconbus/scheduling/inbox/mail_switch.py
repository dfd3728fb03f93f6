"""Addresses under which somebody says, without signing in, whether notifications come by mail; derived, not stored."""

from falconbus.platform.kit import references
from falconbus.platform.kit.settings import get_settings
from falconbus.scheduling.inbox.errors import SwitchNotFound

_PURPOSE = "staff mails"


def switch_url(staff_id: int) -> str:
    """Return the page of one person: the same for ever, for mails of any age lead to it."""
    signature = references.signature(get_settings().secret_key, _PURPOSE, str(staff_id))
    return f"{get_settings().public_url}/staff-mails/{staff_id}.{signature}"


def read(token: str) -> int:
    """Return the person that a link is for; SwitchNotFound for what is not ours."""
    staff_id, _, signature = token.partition(".")
    if not (token.isascii() and references.is_signature(signature, get_settings().secret_key, _PURPOSE, staff_id)):
        raise SwitchNotFound
    return int(staff_id)
