"""Accounts for tests, signed in without the cost of a password."""

from datetime import timedelta

from falconbus.accounts import tokens
from falconbus.accounts.models import ApiToken, Role, User
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from tests.calls import bearer


def add_user(email: str, *roles: Role, active: bool = True, password_hash: str = "none") -> User:
    """An account that nobody can sign in to with a password, unless its hash is given."""
    user = User(email=email, name=f"Name of {email}", roles=list(roles), active=active)
    user.password_hash, user.created_at = password_hash, clock.now()
    db.session.add(user)
    db.session.commit()
    return user


def token_for(user: User, *, age: timedelta = timedelta(0), revoked: bool = False) -> str:
    """A token that was given some time ago."""
    made, now = tokens.new_token(), clock.now()
    token = ApiToken(public_id=made.public_id, secret_hash=made.secret_hash, user_id=user.id)
    token.created_at, token.expires_at = now - age, now - age + tokens.LIFETIME
    token.revoked_at = now if revoked else None
    db.session.add(token)
    db.session.commit()
    return made.text


def signed_in(*roles: Role) -> dict[str, str]:
    """The headers of somebody with these roles; without any, of a traveller."""
    return bearer(token_for(add_user(f"{'-'.join(roles) or 'traveller'}@falconbus.example", *roles)))
