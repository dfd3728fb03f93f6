"""Default deny: every view says who may call it, and features say how they know a caller."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request

from falconbus.kit.errors import DomainError

View = TypeVar("View", bound=Callable[..., Any])


class Permission(StrEnum):
    """What a role can be allowed to do (the table of roles is accounts/policy.py)."""

    OWN_BOOKINGS = "own bookings"
    SEE_BOOKINGS = "see bookings"
    CHANGE_BOOKINGS = "change bookings"
    TAKE_COUNTER_PAYMENTS = "take counter payments"
    SEE_NETWORK = "see the network behind the sale"
    CHANGE_NETWORK = "change the network"
    IMPORT_FEEDS = "import feeds"
    SEE_PERFORMANCE = "see how the system performs"
    TEND_PERFORMANCE = "clear and warm caches, have indexes proven"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is calling: nobody in particular, an account, or the bearer of one booking's manage token."""

    user_id: int | None = None
    email: str | None = None
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    booking_reference: str | None = None
    token_id: int | None = None

    @property
    def is_anonymous(self) -> bool:
        return self.user_id is None

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions


ANONYMOUS = Identity()
#: From a bearer token to its identity; None when the token is not of the loader's kind or does not hold.
IdentityLoader = Callable[[str], Identity | None]


class Unauthenticated(DomainError):
    status = 401
    code = "unauthenticated"
    title = "Sign in first"


class InvalidToken(Unauthenticated):
    code = "invalid_token"
    title = "The bearer token is not valid, has expired or was revoked"


class Forbidden(DomainError):
    status = 403
    code = "forbidden"
    title = "Your account may not do this"


def public(view: View) -> View:
    """Anybody may call the view; what they see is the view's own business."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def requires(permission: Permission) -> Callable[[View], View]:
    """Only callers with `permission` may call the view."""

    def mark(view: View) -> View:
        view.access = permission  # type: ignore[attr-defined]
        return view

    return mark


def caller() -> Identity:
    """Who sent the present request; InvalidToken when it bears a token that nobody knows."""
    if "identity" not in g:
        g.identity = _identify()
    identity: Identity = g.identity
    return identity


def limit_key() -> str:
    """Whom a rate limit counts: the account, else the client's address."""
    identity = caller()
    return f"address:{request.remote_addr}" if identity.is_anonymous else f"user:{identity.user_id}"


def check_access(view: Callable[..., Any]) -> None:
    """Refuse callers without the view's permission; a view that declares nothing is open to nobody."""
    access = getattr(view, "access", None)
    if access == "public":
        return
    identity = caller()
    if identity.is_anonymous:
        raise Unauthenticated
    if access is None or not identity.may(access):
        raise Forbidden


def init_app(app: Flask, loaders: list[IdentityLoader]) -> None:
    """Guard every request of `app`, and put the security headers on every answer."""
    app.extensions["identity_loaders"] = loaders
    app.before_request(_guard)
    app.after_request(_add_headers)


def _guard() -> None:
    if request.endpoint is not None and request.method != "OPTIONS":
        check_access(current_app.view_functions[request.endpoint])


def _identify() -> Identity:
    header = request.headers.get("Authorization")
    if header is None:
        return ANONYMOUS
    scheme, _, token = header.partition(" ")
    if scheme.lower() == "bearer":
        for load in current_app.extensions["identity_loaders"]:
            identity: Identity | None = load(token.strip())
            if identity is not None:
                return identity
    raise InvalidToken


_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _CONTENT_SECURITY_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    if current_app.config["SETTINGS"].public_url.startswith("https:"):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
