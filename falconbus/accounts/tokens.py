"""API tokens: `fb_live_<public id>_<secret>`. The prefix lets scanners find leaked ones; the secret is not stored."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from falconbus.accounts import queries
from falconbus.accounts.permissions import permissions_of
from falconbus.platform.kit import clock
from falconbus.platform.web.identity import Identity

LIFETIME = timedelta(days=30)
_PATTERN = re.compile(r"fb_live_(?P<public_id>[0-9a-f]{16})_(?P<secret>[A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class NewToken:
    """A token's text for its bearer, and the parts of it that are stored."""

    text: str
    public_id: str
    secret_hash: str


def new_token() -> NewToken:
    """Create a token with a secret of 256 bits."""
    public_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    return NewToken(f"fb_live_{public_id}_{secret}", public_id, _hash_secret(secret))


def load_identity(token: str) -> Identity | None:
    """Return the identity of a token's bearer; None for any token that is not valid or of a closed account."""
    parts = _PATTERN.fullmatch(token)
    if parts is None:
        return None
    row = queries.find_live_token(parts["public_id"], at=clock.now())
    if row is None or not hmac.compare_digest(row.secret_hash, _hash_secret(parts["secret"])):
        return None
    return Identity(
        user_id=row.user_id,
        email=row.email,
        permissions=permissions_of(row.roles),
        token_id=row.token_id,
    )


def _hash_secret(secret: str) -> str:
    """Hash a secret with SHA-256, which suffices: the secret is random and cannot be guessed as a password can."""
    return hashlib.sha256(secret.encode()).hexdigest()
