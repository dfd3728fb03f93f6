"""What each role may do, by what the features grant; and what an e-mail and a password must be."""

from collections.abc import Iterable
from functools import cache

from email_validator import EmailNotValidError, validate_email

from falconbus.accounts.errors import BadEmail, PasswordTooShort
from falconbus.accounts.models import Role
from falconbus.accounts.permissions import Grants
from falconbus.platform.web.permissions import Permission

SHORTEST_PASSWORD = 12

_granted: dict[Permission, frozenset[Role | None]] = {}


def grant(grants: Grants) -> None:
    """Let roles do what a feature says; called for each when the app is made."""
    _granted.update(grants)
    _permissions_of.cache_clear()


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    """Everything that an account with these roles may do; a traveller's has none."""
    return _permissions_of(frozenset(Role(role) for role in roles))


@cache
def _permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    if Role.ADMIN in roles:
        return frozenset(_granted)
    return frozenset(permission for permission, allowed in _granted.items() if None in allowed or allowed & roles)


def read_email(text: str) -> str:
    """An e-mail as it is stored, in lower case; whether its host takes mail is not asked. BadEmail says why not."""
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as fault:
        raise BadEmail(f"not an e-mail address: {fault}") from None


def check_password(password: str) -> None:
    """Length is the one rule (NIST SP 800-63B, 3.1.1.2): rules of composition make passwords worse."""
    if len(password) < SHORTEST_PASSWORD:
        raise PasswordTooShort
