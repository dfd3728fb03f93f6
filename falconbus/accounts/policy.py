"""What each role may do, and what an e-mail and a password must be."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from email_validator import EmailNotValidError, validate_email

from falconbus.accounts.errors import BadEmail, PasswordTooShort
from falconbus.accounts.models import Role
from falconbus.platform.web.identity import Permission

SHORTEST_PASSWORD = 12

_EVERYBODY = frozenset({Permission.OWN_BOOKINGS, Permission.OWN_APPOINTMENTS})
_COUNTER = frozenset({Permission.SEE_BOOKINGS, Permission.CHANGE_BOOKINGS, Permission.TAKE_COUNTER_PAYMENTS})
_NETWORK = frozenset({Permission.SEE_NETWORK, Permission.CHANGE_NETWORK, Permission.IMPORT_FEEDS})
_STAFF = frozenset({Permission.OWN_DUTIES, Permission.SEE_NETWORK})
_DISPATCH = frozenset({Permission.DISPATCH, Permission.SEE_STAFF, Permission.CHANGE_STAFF})

#: A role has its own permissions and everybody's; an account has those of all its roles.
ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.ADMIN: frozenset(Permission),
        Role.OPERATOR: _EVERYBODY | _STAFF | _COUNTER | _NETWORK | _DISPATCH,
        Role.AGENT: _EVERYBODY | _STAFF | _COUNTER,
        Role.DRIVER: _EVERYBODY | _STAFF,
        Role.ATTENDANT: _EVERYBODY | _STAFF,
    }
)


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    """Everything that an account with these roles may do; a traveller's has none."""
    return _EVERYBODY.union(*(ROLE_PERMISSIONS[Role(role)] for role in roles))


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
