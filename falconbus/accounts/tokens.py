"""API tokens: `fb_live_<public id>_<secret>`. The prefix lets scanners find a leaked one; the secret is not kept."""

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
    """A token as its bearer gets it, and what is stored of it."""

    text: str
    public_id: str
    secret_hash: str


def new_token() -> NewToken:
    """Make a token with a secret of 256 bits."""
    public_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    return NewToken(f"fb_live_{public_id}_{secret}", public_id, _hash_secret(secret))


def load_identity(token: str) -> Identity | None:
    """Whose token it is; None for one of another kind, unknown, expired, revoked, or of a closed account."""
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
    """SHA-256 will do: the secret is random, nothing can be guessed as with a password."""
    return hashlib.sha256(secret.encode()).hexdigest()
