"""Reads of accounts and tokens."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, any_, literal, select, text

from falconbus.accounts.errors import ApiKeyNotFound, UserNotFound
from falconbus.accounts.models import ApiKey, ApiToken, Role, User
from falconbus.platform.database.engine import db


def find_live_token(public_id: str, *, at: datetime) -> Row[int, str, int, str, list[str]] | None:
    """Return a token that is valid at an instant with its account, or None.

    One query, because every request with a token makes it.
    """
    statement = (
        select(ApiToken.id.label("token_id"), ApiToken.secret_hash, User.id.label("user_id"), User.email, User.roles)
        .join(User, User.id == ApiToken.user_id)
        .where(ApiToken.public_id == public_id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > at, User.active)
    )
    return db.session.execute(statement).one_or_none()


def find_live_api_key(public_id: str) -> Row[int, str, str | None] | None:
    """Return a site's key that is not revoked, or None."""
    statement = select(ApiKey.id, ApiKey.secret_hash, ApiKey.rate)
    return db.session.execute(statement.where(ApiKey.public_id == public_id, ApiKey.revoked_at.is_(None))).one_or_none()


def api_keys() -> Sequence[ApiKey]:
    """Return all keys of sites, revoked ones too."""
    return db.session.scalars(select(ApiKey).order_by(ApiKey.name)).all()


def lock_api_key(name: str) -> ApiKey:
    """Return the key of a name, locked for an update; ApiKeyNotFound."""
    key: ApiKey | None = db.session.scalar(select(ApiKey).where(ApiKey.name == name).with_for_update())
    if key is None:
        raise ApiKeyNotFound(f"there is no key {name}")
    return key


def find_open_account(user_id: int) -> Row[str, list[str], datetime | None] | None:
    """Return e-mail, roles and session cut-off of an account that is not closed, or None.

    One query, because every request with a session makes it.
    """
    statement = select(User.email, User.roles, User.sessions_void_before).where(User.id == user_id, User.active)
    return db.session.execute(statement).one_or_none()


def find_user(email: str) -> User | None:
    """Return the account with an e-mail (in the form in which it is kept), or None."""
    return db.session.scalar(select(User).where(User.email == email))


def get_user(user_id: int | None) -> User:
    """Return the account of a caller."""
    return db.session.scalars(select(User).where(User.id == user_id)).one()


def lock_user(email: str) -> User:
    """Return the account with an e-mail, locked for an update; UserNotFound."""
    user = db.session.scalar(select(User).where(User.email == email).with_for_update())
    if user is None:
        raise UserNotFound(f"there is no account {email}")
    return user


def users() -> Sequence[Row[str, str, list[str], bool]]:
    """Return every account that has a role; travellers are too many to list."""
    statement = select(User.email, User.name, User.roles, User.active).where(User.roles != []).order_by(User.email)
    return db.session.execute(statement).all()


def lock_admins() -> None:
    """Serialize the transactions that look for an admin and create one."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtext('falconbus: the first admin'))"))


def has_admin() -> bool:
    """Tell whether there is an admin who can sign in."""
    statement = select(User.id).where(literal(Role.ADMIN.value) == any_(User.roles), User.active).limit(1)
    return db.session.scalar(statement) is not None
