"""Default deny: every view says who may call it, and features say how they know a caller.

A caller is known by a bearer token or, in a browser, by the cookie of a session. A cookie goes along with whatever
another site makes the browser send (CSRF), so that for all but reading it counts only together with the token that our
own pages bear: no view can get at a cookie's identity without it.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import flask
from flask import Flask, Request, Response, current_app, g, request
from flask.sessions import SessionInterface, SessionMixin
from flask_wtf.csrf import ValidationError, validate_csrf
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge

from config import Settings
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.web import headers
from falconbus.platform.web.clients import present_client
from falconbus.platform.web.declarations import Operation, Public, operation_of
from falconbus.platform.web.permissions import Permission

#: The cookie of a browser's session.
COOKIE = "falconbus_session"
#: Seconds for which a page's forms can be sent.
_CSRF_SECONDS = 12 * 3600
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is calling: nobody in particular, an account, or the bearer of the manage token of one thing."""

    user_id: int | None = None
    email: str | None = None
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    #: What the caller's manage token is for: the kind of thing, and its reference.
    managed: tuple[str, str] | None = None
    #: Which of its links the token is of: one that was renewed opens nothing any more.
    managed_version: int = 1
    token_id: int | None = None

    @property
    def is_anonymous(self) -> bool:
        return self.user_id is None

    def managed_reference(self, kind: str) -> str | None:
        """Return the reference of the `kind` of thing whose manage token the caller bears; None without one."""
        return self.managed[1] if self.managed is not None and self.managed[0] == kind else None

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions


ANONYMOUS = Identity()
#: From a bearer token to its identity; None when the token is not of the loader's kind or does not hold.
IdentityLoader = Callable[[str], Identity | None]


class SessionLoader(Protocol):
    """From a session's cookie to its identity; None when it does not hold. DomainError when that cannot be told."""

    def __call__(self, cookie: str, *, reading: bool) -> Identity | None: ...


class Unauthenticated(DomainError):
    status = 401
    code = "unauthenticated"
    title = "Sign in first"


class InvalidToken(Unauthenticated):
    code = "invalid_token"
    title = "The bearer token is not valid, has expired or was revoked"


class SessionsUnavailable(DomainError):
    """The session store is away, so the caller cannot be verified and nothing may be changed."""

    status = 503
    code = "sessions_unavailable"
    title = "Signing in and changing things is not possible for the moment; try again in a minute"


class Forbidden(DomainError):
    status = 403
    code = "forbidden"
    title = "Your account may not do this"


class Csrf(DomainError):
    status = 400
    code = "csrf"
    title = "The page was open for too long; load it again and try again"


def caller() -> Identity:
    """Who sent the present request.

    InvalidToken when it bears a token that nobody knows, Csrf when it would write by its cookie alone.
    """
    if "identity_refusal" in g:
        raise g.identity_refusal
    if "identity" not in g:
        try:
            g.identity = _identify()
        except DomainError as refusal:
            g.identity_refusal = refusal
            raise
    identity: Identity = g.identity
    return identity


def signed_in() -> Identity | None:
    """Who uses this browser, for a page's head; None for nobody, or while it cannot be told."""
    try:
        identity = caller()
    except (DomainError, SQLAlchemyError, RequestEntityTooLarge):
        return None
    return None if identity.is_anonymous else identity


def caller_key() -> str:
    """Return whose an Idempotency-Key is: the account's, else the client's."""
    try:
        identity = caller()
    except InvalidToken:
        raise
    except DomainError:
        identity = ANONYMOUS
    return f"address:{present_client()}" if identity.is_anonymous else f"user:{identity.user_id}"


def check_access(declared: Operation | None) -> None:
    """Refuse callers without the operation's permission; a view that declares nothing is open to nobody."""
    who = None if declared is None else declared.who
    if isinstance(who, Public):
        return
    identity = caller()
    if identity.is_anonymous:
        raise Unauthenticated
    if who is None or not identity.may(who):
        raise Forbidden


def init_app(app: Flask, loaders: list[IdentityLoader], session_loader: SessionLoader | None = None) -> None:
    """Guard every request of `app`, and put the security headers on every answer."""
    settings: Settings = app.config["SETTINGS"]
    app.extensions["identity_loaders"] = loaders
    app.extensions["session_loader"] = session_loader
    app.config["WTF_CSRF_TIME_LIMIT"] = _CSRF_SECONDS
    app.session_interface = _WithoutCookie()
    app.before_request(_guard)
    app.after_request(headers.security_headers(settings))


def _guard() -> None:
    if request.endpoint is not None and request.method != "OPTIONS":
        check_access(operation_of(current_app.view_functions[request.endpoint]))


def _identify() -> Identity:
    header = request.headers.get("Authorization")
    if header is None:
        return _identify_by_cookie() or ANONYMOUS
    scheme, _, token = header.partition(" ")
    if scheme.lower() == "bearer":
        for load in current_app.extensions["identity_loaders"]:
            identity: Identity | None = load(token.strip())
            if identity is not None:
                return identity
    raise InvalidToken


def _identify_by_cookie() -> Identity | None:
    cookie = request.cookies.get(COOKIE)
    load: SessionLoader | None = current_app.extensions["session_loader"]
    if not cookie or load is None:
        return None
    reading = request.method in _READING
    # Before anything is looked up: a form may be too large to be read.
    token = None if reading else request.headers.get("X-CSRFToken") or request.form.get("csrf_token")
    identity = load(cookie, reading=reading)
    if identity is None:
        return None
    # What Flask-WTF signs and compares: of this session only, and of no use to who reads it.
    flask.session["csrf_token"] = hashlib.sha256(f"csrf {cookie}".encode()).hexdigest()
    if not reading:
        try:
            validate_csrf(token)
        except ValidationError:
            raise Csrf from None
    return identity


class _RequestOnly(dict[str, Any], SessionMixin):
    """What Flask calls the session: here it lives as long as the request."""


class _WithoutCookie(SessionInterface):
    """Flask's own session cookie is never set: ours holds ids only."""

    def open_session(self, app: Flask, request: Request) -> _RequestOnly:
        del app, request
        return _RequestOnly()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Nothing is kept."""
