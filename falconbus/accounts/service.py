"""Use cases of accounts: sign-in, sign-out, and the management of accounts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from falconbus.accounts import audit, passwords, policy, queries, sessions, tokens
from falconbus.accounts.errors import EmailTaken, LastAdmin, WrongCredentials
from falconbus.accounts.models import ApiToken, Role, User
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.platform.kit.emails import email_to_find

FIRST_ADMIN = "admin@falconbus.example"


@dataclass(frozen=True)
class SignIn:
    """A new API token, shown once, and when it expires."""

    token: str
    expires_at: datetime


@dataclass(frozen=True)
class NewUser:
    """A created account; `password` is the one given or generated."""

    id: int
    email: str
    password: str


def sign_in(email: str, password: str) -> SignIn:
    """Issue an API token for an e-mail and its password; WrongCredentials."""
    user = _check_credentials(email, password)
    token, now = tokens.new_token(), clock.now()
    expires_at = now + tokens.LIFETIME
    db.session.add(
        ApiToken(
            public_id=token.public_id,
            secret_hash=token.secret_hash,
            user_id=user.id,
            created_at=now,
            expires_at=expires_at,
        )
    )
    db.session.flush()
    return SignIn(token.text, expires_at)


def begin_session(email: str, password: str, replaced: str | None) -> str:
    """Begin a session, end the one in cookie `replaced`, and return the new cookie.

    Raises WrongCredentials, SessionsUnavailable.
    """
    user = _check_credentials(email, password)
    cookie = sessions.begin(user.id)
    if replaced is not None:
        end_session(replaced)
    return cookie


def end_session(cookie: str) -> None:
    """End the session of a cookie; a cookie that is not valid is ignored. SessionsUnavailable."""
    session = sessions.read_cookie(cookie)
    if session is not None:
        sessions.end(session)


def sign_out(token_id: int | None) -> None:
    """Revoke a token; a revoked one stays as it is."""
    live = (ApiToken.id == token_id, ApiToken.revoked_at.is_(None))
    db.session.execute(update(ApiToken).where(*live).values(revoked_at=clock.now()))


def create_user(email: str, password: str | None, roles: Iterable[Role], name: str) -> NewUser:
    """Create an account, with a generated password when none is given.

    Raises BadEmail, BadName, PasswordTooShort, EmailTaken.
    """
    email = policy.normalize_email(email)
    password = passwords.new_password() if password is None else password
    policy.check_password(password)
    if name:
        policy.check_name(name)
    user = User(
        email=email,
        name=name,
        password_hash=passwords.hash_password(password),
        roles=sorted(set(roles)),
        active=True,
        created_at=clock.now(),
    )
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError:
        raise EmailTaken(f"there is an account {email} already") from None
    audit.record("create", "users", user.id, email=email, roles=user.roles)
    db.session.flush()
    return NewUser(user.id, email, password)


def ensure_admin(email: str | None, password: str | None) -> NewUser | None:
    """Create the first admin, with a generated password when none is given; return None if there is an admin."""
    queries.lock_admins()
    if queries.has_admin():
        return None
    return create_user(email or FIRST_ADMIN, password, [Role.ADMIN], "Admin")


def set_password(email: str, password: str | None) -> str:
    """Replace an account's password (None: generate one), end its tokens and sessions, and return the password.

    Raises UserNotFound, PasswordTooShort.
    """
    password = passwords.new_password() if password is None else password
    policy.check_password(password)
    user = queries.lock_user(policy.normalize_email(email))
    user.password_hash = passwords.hash_password(password)
    _revoke_all_access(user)
    audit.record("set password", "users", user.id)
    db.session.flush()
    return password


def deactivate(email: str) -> None:
    """Close an account and end its tokens and sessions; its rows stay. UserNotFound."""
    user = queries.lock_user(policy.normalize_email(email))
    user.active = False
    _revoke_all_access(user)
    audit.record("deactivate", "users", user.id)
    db.session.flush()


def change_user(
    user: User, *, name: str | None = None, roles: Iterable[Role] | None = None, active: bool | None = None
) -> None:
    """Change the given fields of a locked account; closing it ends its tokens and sessions. LastAdmin."""
    was_admin = user.active and Role.ADMIN in user.roles
    requested = {"name": name, "roles": None if roles is None else sorted(set(roles)), "active": active or None}
    changed = {
        column: value for column, value in requested.items() if value is not None and value != getattr(user, column)
    }
    for column, value in changed.items():
        setattr(user, column, value)
    if changed:
        audit.record("change", "users", user.id, **changed)
    if active is False and user.active:
        deactivate(user.email)
    db.session.flush()
    if was_admin and not (user.active and Role.ADMIN in user.roles):
        queries.lock_admins()
        if not queries.has_admin():
            raise LastAdmin


def _check_credentials(email: str, password: str) -> User:
    """Return the account that may sign in; WrongCredentials, after the same time whatever is wrong."""
    user = queries.find_user(email_to_find(email))
    is_correct = passwords.is_password(password, user.password_hash if user else None)
    if user is None or not is_correct or not user.active:
        raise WrongCredentials
    if passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hash_password(password)
    return user


def _revoke_all_access(user: User) -> None:
    """End an account's tokens and sessions.

    The sessions' records in Redis are deleted after the commit; should Redis be away, `sessions_void_before` suffices.
    """
    live = (ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None))
    db.session.execute(update(ApiToken).where(*live).values(revoked_at=clock.now()))
    user.sessions_void_before = clock.now()
    transactions.on_commit(f"sessions of {user.id} end", lambda: sessions.end_all(user.id))
