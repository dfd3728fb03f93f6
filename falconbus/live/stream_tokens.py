"""Stream tokens: signed, short-lived, because the live process reads no cookies and no database."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeTimedSerializer

#: The topic of the dashboard's numbers.
PERFORMANCE = "performance"
#: The topic of one's own unread notifications.
NOTIFICATIONS = "notifications"
#: Seconds within which a token must be used.
VALID_SECONDS = 60


@dataclass(frozen=True, slots=True)
class StreamToken:
    """The user a stream token was issued to, and its topics."""

    user_id: int
    topics: frozenset[str]


def issue_token(secret_key: str, user_id: int, topics: Collection[str]) -> str:
    """Return a signed token for these topics, valid for VALID_SECONDS."""
    return _serializer(secret_key).dumps([user_id, sorted(topics)])


def read_token(secret_key: str, text: str) -> StreamToken | None:
    """Return the content of a token; None when its signature is wrong or it has expired."""
    try:
        user_id, topics = _serializer(secret_key).loads(text, max_age=VALID_SECONDS)
    except BadData:
        return None
    return StreamToken(user_id, frozenset(topics))


def _serializer(secret_key: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        secret_key,
        salt="falconbus live ticket",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
