"""Use cases of API keys: a site whose server calls for all its visitors has a limit of its own."""

import re

from sqlalchemy.exc import IntegrityError

from config import RATE
from falconbus.accounts import audit, queries, tokens
from falconbus.accounts.errors import BadKeyName, BadRate, KeyNameTaken
from falconbus.accounts.models import ApiKey
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock


def create_key(name: str, rate: str | None) -> str:
    """Create the key of a site, with a limit of its own or that of all keys (None); return its text, shown once.

    Raises BadKeyName, BadRate, KeyNameTaken.
    """
    check_name(name)
    check_rate(rate)
    token = tokens.new_token(tokens.SITE)
    key = ApiKey(name=name, rate=rate, public_id=token.public_id, secret_hash=token.secret_hash)
    key.created_at = clock.now()
    try:
        with db.session.begin_nested():
            db.session.add(key)
    except IntegrityError:
        raise KeyNameTaken(f"there is a key {name} already") from None
    audit.record("create", "api_keys", key.id, name=name, rate=rate)
    db.session.flush()
    return token.text


def revoke_key(name: str) -> None:
    """End a site's key; one that has ended stays as it is. ApiKeyNotFound."""
    key = queries.lock_api_key(name)
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        audit.record("revoke", "api_keys", key.id)
        db.session.flush()


def check_name(name: str) -> None:
    """Refuse a name that no list can show in one line; BadKeyName."""
    if not re.fullmatch(r"[\w.-]{1,64}", name):
        raise BadKeyName


def check_rate(rate: str | None) -> None:
    """Refuse a limit in another notation than that of the settings; BadRate."""
    if rate is not None and (len(rate) > 100 or not re.fullmatch(RATE, rate)):
        raise BadRate
