"""Tokens: `fb_live_<public id>_<secret>` of an account, `fb_key_...` of a site.

The prefix lets scanners find leaked ones; the secret is not stored.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from falconbus.accounts import queries
from falconbus.accounts.permissions import permissions_of
from falconbus.platform.kit import clock
from falconbus.platform.web.api_keys import CallerKey
from falconbus.platform.web.identity import Identity

LIFETIME = timedelta(days=30)
ACCOUNT, SITE = "fb_live", "fb_key"
_PATTERN = re.compile(r"(?P<kind>fb_live|fb_key)_(?P<public_id>[0-9a-f]{16})_(?P<secret>[A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class Token:
    """A token's text for its bearer, and the parts of it that are stored."""

    text: str
    public_id: str
    secret_hash: str


def new_token(kind: str = ACCOUNT) -> Token:
    """Create a token with a secret of 256 bits."""
    public_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    return Token(f"{kind}_{public_id}_{secret}", public_id, _hash_secret(secret))


def load_identity(token: str) -> Identity | None:
    """Return the identity of a token's bearer; None for any token that is not valid or of a closed account."""
    parts = _read(token, ACCOUNT)
    row = None if parts is None else queries.find_live_token(parts.public_id, at=clock.now())
    if parts is None or row is None or not hmac.compare_digest(row.secret_hash, parts.secret_hash):
        return None
    return Identity(
        user_id=row.user_id,
        email=row.email,
        permissions=permissions_of(row.roles),
        token_id=row.token_id,
    )


def load_api_key(text: str) -> CallerKey | None:
    """Return a site's key; None for one that is not valid or was revoked."""
    parts = _read(text, SITE)
    row = None if parts is None else queries.find_live_api_key(parts.public_id)
    if parts is None or row is None or not hmac.compare_digest(row.secret_hash, parts.secret_hash):
        return None
    return CallerKey(row.id, row.rate)


def _read(text: str, kind: str) -> Token | None:
    parts = _PATTERN.fullmatch(text)
    if parts is None or parts["kind"] != kind:
        return None
    return Token(text, parts["public_id"], _hash_secret(parts["secret"]))


def _hash_secret(secret: str) -> str:
    """Hash a secret with SHA-256, which suffices: the secret is random and cannot be guessed as a password can."""
    return hashlib.sha256(secret.encode()).hexdigest()
